/** `quorate restart [DAEMON…]`: named daemons as they are; without a name the whole node with the code on disk. */
import { askSupervisor } from "../../supervisor/control.ts";
import { stopDaemons } from "./stop-node.ts";
import { layoutFor, ROOT_OPTION, readOptions } from "./usage.ts";

const RESTART_TIMEOUT_MS = 60_000;
const MAX_DAEMONS = 20;

export async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions(argv, ROOT_OPTION, MAX_DAEMONS);
  const layout = layoutFor(values.root);
  if (positionals.length > 0) {
    for (const daemon of positionals) {
      await askSupervisor(
        layout.supervisorSocket,
        { command: "restart-daemon", daemon },
        { timeoutMs: RESTART_TIMEOUT_MS },
      );
      process.stdout.write(`${daemon} restarted\n`);
    }
    return 0;
  }
  // Guests and running tasks go on: they need no daemon to live.
  await stopDaemons(layout, (text) => process.stderr.write(`${text}\n`));
  const { main: up } = await import("./up.ts");
  return await up(["--detach", ...(layout.isSystem ? [] : ["--root", layout.root])]);
}
