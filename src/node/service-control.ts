/**
 * The services of a node as they are: our daemons through their supervisor, the machine's units through systemd where
 * the node is the machine and systemd runs it.
 */
import { existsSync } from "node:fs";
import { runCommand, runToExit } from "../os/run-command.ts";
import { daemonOf, SERVICES, type ServiceAction, type ServiceRow, serviceRow, unitRow } from "./service-facts.ts";

export interface ServiceControlDeps {
  /** Asks the supervisor of the node's daemons; rejects when none answers. */
  readonly askSupervisor: (
    request:
      | { readonly command: "status" }
      | { readonly command: "start-daemon" | "stop-daemon" | "restart-daemon"; readonly daemon: string },
  ) => Promise<Record<string, unknown>>;
  /** Whether the machine's own units are this node's. */
  readonly hasMachineUnits: boolean;
}

const SYSTEMD_RUNS = "/run/systemd/system";
const QUERY_TIMEOUT_MS = 5_000;
const ACTION_TIMEOUT_MS = 120_000;
const PROPERTIES = ["LoadState", "ActiveState", "SubState", "UnitFileState", "Description"];
/** Units whose names differ from the service's. */
const UNITS: Readonly<Record<string, string>> = { sshd: "ssh", postfix: "postfix@-" };

export class ServiceControl {
  readonly #deps: ServiceControlDeps;

  constructor(deps: ServiceControlDeps) {
    this.#deps = deps;
  }

  async rows(): Promise<ServiceRow[]> {
    const daemons = await this.#daemons();
    return await Promise.all(SERVICES.map((service) => this.#row(service, daemons)));
  }

  async row(service: string): Promise<ServiceRow> {
    return await this.#row(service, await this.#daemons());
  }

  /** @throws Error when there is no such service here. */
  async act(service: string, action: ServiceAction, log: (line: string) => void): Promise<void> {
    const daemon = daemonOf(service);
    if ((await this.#daemons()).has(daemon)) {
      // Our daemons read their configuration as it changes; to load them anew is to restart them.
      const verb = action === "reload" ? "restart" : action;
      log(`${verb} ${daemon}`);
      await this.#deps.askSupervisor({ command: `${verb}-daemon`, daemon });
      return;
    }
    if (!this.#asksSystemd()) throw new Error(`service '${service}' does not exist on this node`);
    await runCommand(["systemctl", action, UNITS[service] ?? service], {
      timeoutMs: ACTION_TIMEOUT_MS,
      onLine: (line) => log(line),
    });
  }

  async #row(service: string, daemons: ReadonlyMap<string, string>): Promise<ServiceRow> {
    const state = daemons.get(daemonOf(service));
    if (state !== undefined || !this.#asksSystemd()) return serviceRow(service, state);
    const unit = UNITS[service] ?? service;
    const result = await runToExit(["systemctl", "show", unit, `--property=${PROPERTIES.join(",")}`], {
      timeoutMs: QUERY_TIMEOUT_MS,
    });
    return unitRow(service, parseProperties(result.stdout));
  }

  #asksSystemd(): boolean {
    return this.#deps.hasMachineUnits && existsSync(SYSTEMD_RUNS);
  }

  /** Name → state of the daemons that the supervisor has. */
  async #daemons(): Promise<Map<string, string>> {
    const { daemons } = await this.#deps.askSupervisor({ command: "status" });
    const states = new Map<string, string>();
    for (const daemon of Array.isArray(daemons) ? (daemons as unknown[]) : []) {
      if (typeof daemon !== "object" || daemon === null || !("name" in daemon) || !("state" in daemon)) continue;
      states.set(String(daemon.name), String(daemon.state));
    }
    return states;
  }
}

/** `key=value` lines. */
export function parseProperties(text: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    if (at > 0) result[line.slice(0, at)] = line.slice(at + 1);
  }
  return result;
}
