/** Starts a tool by its name: `qm`, `pvesh`, `pvesm`, `pveum`, `pvenode`. */
import type { ServicesModule } from "../daemons/api-services.ts";
import { messageOf } from "../errors/quorate-error.ts";
import { createLogger } from "../log/pino-logger.ts";
import { decodeLayout, LAYOUT_ENV } from "../os/layout.ts";
import { Registry } from "../rest/registry.ts";
import { runTool, type ToolTable } from "./domain-cli.ts";
import { LocalApi } from "./local-api.ts";
import { runPvesh } from "./pvesh.ts";
import { requireNode } from "./running-node.ts";
import { processIo, type ToolIo } from "./terminal-io.ts";

const TABLES: Readonly<Record<string, () => Promise<ToolTable>>> = {
  qm: async () => (await import("./domain-cli-qm.ts")).qmTable,
  pvesm: async () => (await import("./domain-cli-pvesm.ts")).pvesmTable,
  pveum: async () => (await import("./domain-cli-pveum.ts")).pveumTable,
  pvenode: async () => (await import("./domain-cli-pvenode.ts")).pvenodeTable,
};

export const TOOL_NAMES: readonly string[] = ["pvesh", ...Object.keys(TABLES)];

/**
 * Runs `argv[0]` with the rest as its command line. The layout comes from the environment, as for the daemons.
 * @returns the exit code.
 */
export async function main(argv: readonly string[], io: ToolIo = processIo()): Promise<number> {
  const [name = "", ...rest] = argv;
  const loadTable = Object.hasOwn(TABLES, name) ? TABLES[name] : undefined;
  if (loadTable === undefined && name !== "pvesh") {
    io.err(`unknown tool '${name}': one of ${TOOL_NAMES.join(", ")}\n`);
    return 255;
  }
  const layout = decodeLayout(process.env[LAYOUT_ENV]);
  // Warnings belong to the daemons' logs; a tool's output is its result.
  const log = createLogger(name, { level: "error", fd: 2 });
  // The room of rooms; its contract is the interface.
  const { createServices } = (await import(new URL("../daemons/services.ts", import.meta.url).href)) as ServicesModule;
  const services = await createServices({ layout, log, role: "cli" });
  try {
    const registry = new Registry(services.methods);
    const { nodeName } = layout;
    const api = new LocalApi({
      registry,
      access: services.access,
      nodeName,
      requireNode: () => requireNode(layout),
    });
    return loadTable === undefined ? await runPvesh(rest, api, io) : await runTool(await loadTable(), rest, api, io);
  } catch (error) {
    io.err(`${messageOf(error)}\n`);
    return 1;
  } finally {
    await services.close();
  }
}
