/** `quorate down [--timeout S]` */
import { stopNode } from "./stop-node.ts";
import { layoutFor, ROOT_OPTION, readInteger, readOptions } from "./usage.ts";

const DEFAULT_GUEST_TIMEOUT_S = 60;

export async function main(argv: readonly string[]): Promise<number> {
  const { values } = readOptions(argv, { ...ROOT_OPTION, timeout: { type: "string" } });
  const guestTimeoutS = readInteger(values.timeout, "timeout", 0, 7200) ?? DEFAULT_GUEST_TIMEOUT_S;
  await stopNode(layoutFor(values.root), { guestTimeoutS, say: (text) => void process.stderr.write(`${text}\n`) });
  return 0;
}
