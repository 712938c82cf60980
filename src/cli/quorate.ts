/** `./quorate`: one command word, its options, an exit code. Each command is a module that is loaded when it is used. */
import { messageOf } from "../errors/quorate-error.ts";
import { CommandUsageError } from "./commands/usage.ts";

interface Command {
  readonly summary: string;
  readonly load: () => Promise<{ main(argv: readonly string[]): Promise<number> }>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  up: {
    summary: "start a node here: up [--root DIR] [--port N] [--detach] [--json]",
    load: () => import("./commands/up.ts"),
  },
  down: {
    summary: "stop the node, its guests first: down [--root DIR] [--timeout S]",
    load: () => import("./commands/down.ts"),
  },
  status: { summary: "what runs: status [--root DIR] [--json]", load: () => import("./commands/status.ts") },
  restart: {
    summary: "restart daemons with the code on disk: restart [--root DIR] [DAEMON…]",
    load: () => import("./commands/restart.ts"),
  },
  logs: {
    summary: "the daemons' logs: logs [--root DIR] [-f] [-n N] [DAEMON]",
    load: () => import("./commands/logs.ts"),
  },
  doctor: {
    summary: "each optional part: found or missing, what it costs, how to get it",
    load: () => import("./commands/doctor.ts"),
  },
  test: { summary: "set up and run the whole test suite: test [FILTER…]", load: () => import("./commands/test.ts") },
  bench: { summary: "measure: bench AREA [--json]", load: () => import("./commands/bench.ts") },
  conform: { summary: "compare with recorded cases: conform AREA DIR…", load: () => import("./commands/conform.ts") },
  "api-dump": { summary: "the method tree as JSON", load: () => import("./commands/api-dump.ts") },
  openapi: { summary: "the method tree as OpenAPI 3.1", load: () => import("./commands/openapi.ts") },
  "--cli": {
    summary: "a domain tool: --cli qm|pvesh|pvesm|pveum|pvenode ARGS…",
    load: () => import("./commands/tool.ts"),
  },
};

function usage(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return `usage: quorate COMMAND [OPTIONS]\n\n${rows.join("\n")}\n`;
}

async function main([name = "help", ...argv]: readonly string[]): Promise<number> {
  if (name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(usage());
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`quorate: unknown command '${name}'\n\n${usage()}`);
    return 2;
  }
  try {
    return await (await command.load()).main(argv);
  } catch (error) {
    process.stderr.write(`quorate: ${messageOf(error)}\n`);
    if (error instanceof CommandUsageError) {
      process.stderr.write(`usage: ${command.summary}\n`);
      return 2;
    }
    if (process.env.QUORATE_DEBUG !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return 1;
  }
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});
process.exitCode = await main(process.argv.slice(2));
// A reader that went away (`| head`) is not our failure, and an open handle must not keep a finished command.
await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
process.exit();
