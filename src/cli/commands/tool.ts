/** `quorate --cli TOOL ARGS…`, which the programs in bin/ call. The node is the machine's, or QUORATE_ROOT's. */
import { encodeLayoutOptions, LAYOUT_ENV } from "../../os/layout.ts";
import { main as runTool } from "../tools.ts";
import { layoutFor } from "./usage.ts";

export async function main(argv: readonly string[]): Promise<number> {
  process.env[LAYOUT_ENV] ??= encodeLayoutOptions(layoutFor(undefined));
  return await runTool(argv);
}
