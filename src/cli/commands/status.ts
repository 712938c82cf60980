/** `quorate status [--json]` */
import { askSupervisor, NoSupervisorError, type StatusReply } from "../../supervisor/control.ts";
import { daemonSpecs } from "../../supervisor/daemon-specs.ts";
import { PidFiles } from "../../supervisor/pid-files.ts";
import { illDaemons, logFileOf } from "../../supervisor/supervisor.ts";
import { layoutFor, ROOT_OPTION, readOptions } from "./usage.ts";

export async function main(argv: readonly string[]): Promise<number> {
  const { values } = readOptions(argv, { ...ROOT_OPTION, json: { type: "boolean" } });
  const layout = layoutFor(values.root);
  let status: StatusReply;
  try {
    status = (await askSupervisor(
      layout.supervisorSocket,
      { command: "status" },
      { timeoutMs: 5_000 },
    )) as unknown as StatusReply;
  } catch (error) {
    if (!(error instanceof NoSupervisorError)) throw error;
    const pidFiles = new PidFiles(layout.quorateRun);
    const specs = daemonSpecs({ layout, node: "", releaseDir: "", hasRrdcached: true });
    const alive = specs.flatMap(({ name }) =>
      pidFiles.live(name) ? [`${name} (pid ${pidFiles.live(name)?.pid})`] : [],
    );
    if (values.json) process.stdout.write(`${JSON.stringify({ isReady: false, daemons: [] })}\n`);
    else if (alive.length === 0) process.stdout.write(`No node runs below ${layout.root}.\n`);
    else process.stdout.write(`No supervisor, but these run: ${alive.join(", ")}. 'quorate up' takes them over.\n`);
    return 3;
  }
  if (values.json) {
    process.stdout.write(`${JSON.stringify(status)}\n`);
    return status.isReady ? 0 : 1;
  }
  const ill = illDaemons(status.daemons);
  const word = ill.length === 0 ? "up" : `up without ${ill.map(({ name }) => name).join(", ")}`;
  process.stdout.write(
    `${status.isReady ? word : (status.failure ?? "starting")}, port ${status.port}, supervisor ${status.pid}\n`,
  );
  for (const { name, state, pid, restarts, since } of status.daemons) {
    const age = since === undefined ? "" : `since ${new Date(since).toISOString().slice(0, 19)}Z`;
    process.stdout.write(
      `  ${name.padEnd(10)} ${state.padEnd(12)} ${String(pid ?? "-").padStart(7)}  ${age}${restarts > 0 ? `  restarted ${restarts}×` : ""}\n`,
    );
  }
  for (const { name } of ill) process.stdout.write(`  why: ${logFileOf(layout, name)}\n`);
  return status.isReady && ill.length === 0 ? 0 : 1;
}
