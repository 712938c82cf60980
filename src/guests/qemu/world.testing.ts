/** A node for tests of the config side: everything around it is in memory, the locks are real files. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateTestPermission, TestAccess, type TestRights } from "../../access/port.testing.ts";
import type { AccessRecords, AccessView } from "../../access/port.ts";
import { memoryClusterFs } from "../../cfs/memory.ts";
import type { ClusterFs } from "../../cfs/port.ts";
import { silentLogger } from "../../log/logger.ts";
import { type Layout, makeLayout } from "../../os/layout.ts";
import { parameterError, permissionError } from "../../rest/errors.ts";
import type { CallContext, Verb } from "../../rest/method.ts";
import { Registry } from "../../rest/registry.ts";
import { MemoryStorages } from "../../storage/port.testing.ts";
import type { Storages } from "../../storage/port.ts";
import type { Json, TaskContext, TaskHandler, TaskSpec, Tasks } from "../../tasks/port.ts";
import type { GuestStatus } from "../port.ts";
import { qemuConfigMethods } from "./api/index.ts";
import { powerMethods } from "./api/power-methods.ts";
import { type QemuConfigDeps, qemuConfigSide, qemuConfigTasks } from "./config-side.ts";
import type { DiskTools } from "./disk-tools.ts";
import type { Hotplug, HotplugRequest, HotplugResult } from "./hotplug-port.ts";
import { VmProcesses } from "./run/vm-process.ts";
import { VmStatusReader } from "./run/vm-status.ts";

export const NODE = "n1";
const GIB = 2 ** 30;

/** The cluster's files: the real tree in memory, with a way to see them at once and to make changes fail. */
export class WatchedFiles {
  readonly #inner = memoryClusterFs({ nodeName: NODE });
  readonly #texts = new Map<string, string>();
  #puts: Promise<void> = Promise.resolve();
  reads = 0;
  /** Called before each write or removal; throwing makes the operation fail. */
  beforeChange: (what: string, path: string) => void = () => {};
  /** Runs each write or removal. */
  around: (operation: () => Promise<void>) => Promise<void> = (operation) => operation();

  readonly port: ClusterFs = {
    ...unbound(this.#inner),
    read: async (path) => {
      this.reads += 1;
      return this.#inner.read(path);
    },
    write: async (path, data, options) => {
      this.beforeChange("write", path);
      await this.around(async () => {
        await this.#inner.write(path, data, options);
        this.#texts.set(path, Buffer.from(data).toString("utf8"));
      });
    },
    remove: async (path) => {
      this.beforeChange("remove", path);
      await this.around(async () => {
        await this.#inner.remove(path);
        this.#texts.delete(path);
      });
    },
  };

  text(path: string): string | undefined {
    return this.#texts.get(path);
  }

  /** Takes effect before the next call of a method. */
  put(path: string, text: string): void {
    this.#texts.set(path, text);
    this.#puts = this.#puts.then(async () => {
      if (path.includes("/")) await this.#inner.mkdir(path.slice(0, path.lastIndexOf("/")));
      await this.#inner.write(path, text);
    });
  }

  settled(): Promise<void> {
    return this.#puts;
  }
}

/** The members of a port as functions of their own. */
export function unbound(inner: ClusterFs): ClusterFs {
  return {
    nodeName: inner.nodeName,
    read: (...args) => inner.read(...args),
    write: (...args) => inner.write(...args),
    remove: (...args) => inner.remove(...args),
    rename: (...args) => inner.rename(...args),
    mkdir: (...args) => inner.mkdir(...args),
    list: (...args) => inner.list(...args),
    guests: () => inner.guests(),
    info: () => inner.info(),
    guestProperties: (...args) => inner.guestProperties(...args),
    lock: (...args) => inner.lock(...args),
    publish: (...args) => inner.publish(...args),
    status: (...args) => inner.status(...args),
    statusOfAll: (...args) => inner.statusOfAll(...args),
    rrd: () => inner.rrd(),
    log: (...args) => inner.log(...args),
    readLog: (...args) => inner.readLog(...args),
    verifyToken: (...args) => inner.verifyToken(...args),
    watch: (...args) => inner.watch(...args),
    close: () => inner.close(),
  };
}

/** Records what it is told and answers as asked. */
export class ScriptedHotplug implements Hotplug {
  readonly running = new Set<number>();
  readonly requests: HotplugRequest[] = [];
  readonly resized: string[] = [];
  readonly cleared: number[] = [];
  answer: (request: HotplugRequest) => HotplugResult = () => ({ applied: new Set(), problems: new Map() });

  async isRunning(vmid: number): Promise<boolean> {
    return this.running.has(vmid);
  }

  async apply(request: HotplugRequest): Promise<HotplugResult> {
    this.requests.push(request);
    return this.answer(request);
  }

  async resizeDisk(vmid: number, key: string, sizeBytes: number): Promise<void> {
    this.resized.push(`${vmid} ${key} ${sizeBytes}`);
  }

  async removeRemains(vmid: number): Promise<void> {
    this.cleared.push(vmid);
  }
}

/** Runs a task at once, in this process, and keeps its log. */
class InlineTasks implements Tasks {
  readonly logs: string[] = [];
  outcome: string | undefined;
  /** What was started last. */
  spec: TaskSpec | undefined;
  refuses = false;
  handlers: Readonly<Record<string, TaskHandler>> = {};

  async start(spec: TaskSpec): Promise<string> {
    if (this.refuses) throw new Error("no worker to be had");
    this.spec = spec;
    const handler = this.handlers[spec.type];
    if (handler === undefined) throw new Error(`no task '${spec.type}'`);
    const context: TaskContext = {
      upid: `UPID:${spec.type}`,
      authid: spec.authid,
      log: (line) => this.logs.push(line),
      warn: (line) => this.logs.push(`WARN: ${line}`),
      signal: new AbortController().signal,
    };
    // Arguments cross a process border, so they must survive it.
    const args: Json = JSON.parse(JSON.stringify(spec.args));
    try {
      await handler(args as never, context);
      this.outcome = "OK";
    } catch (error) {
      this.outcome = error instanceof Error ? error.message : String(error);
    }
    return context.upid;
  }
}

export class TestNode {
  readonly files = new WatchedFiles();
  readonly storages = new MemoryStorages();
  readonly hotplug = new ScriptedHotplug();
  readonly tasks = new InlineTasks();
  readonly access = new TestAccess();
  readonly poolMembers = new Map<string, Set<number>>();
  readonly forgotten: number[] = [];
  readonly started: number[] = [];
  readonly copies: string[] = [];
  readonly listed: GuestStatus[] = [];
  readonly deps: QemuConfigDeps;
  readonly #registry: Registry;
  readonly #root: string;

  /** @param real makes storages that are used instead of the ones in memory, and the node's real disk tools with them. */
  constructor(real?: (parts: { cfs: ClusterFs; layout: Layout }) => Storages) {
    this.#root = mkdtempSync(join(tmpdir(), "quorate-qemu-"));
    let counter = 0;
    const layout = makeLayout({ root: this.#root, nodeName: NODE, isRootUser: false });
    const cfs = this.files.port;
    this.deps = {
      layout,
      cfs,
      storages: real?.({ cfs, layout }) ?? this.storages,
      tasks: this.tasks,
      waitForTask: async (_upid, timeoutMs) => (timeoutMs < 2_000 ? undefined : this.tasks.outcome),
      access: this.#records(),
      guests: {
        status: async () => this.listed,
        start: async (vmid) => {
          this.started.push(vmid);
        },
      },
      hotplug: this.hotplug,
      qemuVersion: async () => "7.2.22",
      hashPassword: async (password) => `$5$salt$${password.length}`,
      random: {
        uuid: () => {
          counter += 1;
          return `00000000-0000-4000-8000-${String(counter).padStart(12, "0")}`;
        },
        bytes: (count) => Uint8Array.from({ length: count }, (_, at) => at + 1),
      },
      now: () => 1_700_000_000,
      log: silentLogger,
      ...(real === undefined ? { diskTools: this.#tools() } : {}),
    };
    const side = qemuConfigSide(this.deps);
    const { configs } = side;
    const processes = new VmProcesses(layout.qemuRun);
    const clocks = { now: () => 0, nowMs: () => 0 };
    const measured = { cfs, nodeName: NODE, slice: layout.qemuSlice, configs, processes, ...clocks };
    const power = { tasks: this.tasks, configs, processes, status: new VmStatusReader(measured) };
    this.#registry = new Registry([...qemuConfigMethods(this.deps, side), ...powerMethods(power)]);
    this.tasks.handlers = qemuConfigTasks(this.deps, side);
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  config(vmid: number): string | undefined {
    return this.files.text(`nodes/${NODE}/qemu-server/${vmid}.conf`);
  }

  putConfig(vmid: number, text: string): void {
    this.files.put(`nodes/${NODE}/qemu-server/${vmid}.conf`, text);
  }

  setRights(rights: TestRights): void {
    this.access.setRights(rights);
  }

  /** Calls a method as the dispatcher does: permission, parameters, handler. */
  async call(verb: Verb, path: string, params: Record<string, unknown> = {}, authid = "root@pam"): Promise<unknown> {
    await this.files.settled();
    const match = this.#registry.find(verb, `/nodes/${NODE}/qemu${path}`);
    if (match?.route.method.handler === undefined) throw new Error(`no method ${verb} ${path}`);
    const raw = { ...params, ...match.pathParams };
    const { method } = match.route;
    const call = this.#callOf(authid);
    const rule = method.permissions?.check;
    if (authid !== "root@pam" && rule !== undefined) {
      const verdict = evaluateTestPermission(rule, { view: call.access, authid, params: raw });
      if (verdict.kind !== "allowed") throw permissionError(verdict.message);
    }
    const checked = match.route.check(raw);
    if (!checked.ok) throw parameterError(checked.errors);
    return match.route.method.handler(checked.value, call);
  }

  #callOf(authid: string): CallContext {
    const view = this.access.view();
    const access: AccessView = Object.assign(Object.create(view), { poolMembers: (pool: string) => this.#pool(pool) });
    const can = (path: string, privs: readonly string[], options: { readonly any?: boolean } = {}): boolean =>
      view.has(authid, path, privs, options.any);
    return {
      authid,
      userid: authid.split("!")[0],
      clientAddress: "::1",
      access,
      can,
      check(path, privs, options) {
        if (!can(path, privs, options)) throw permissionError(`${path}, ${privs.join("|")}`);
      },
      setTotal() {},
      setChanges() {},
      signal: new AbortController().signal,
    };
  }

  #pool(poolid: string): { vmids: Set<number>; storages: Set<string> } | undefined {
    const vmids = this.poolMembers.get(poolid);
    return vmids === undefined ? undefined : { vmids, storages: new Set() };
  }

  #records(): AccessRecords {
    return {
      addGuestToPool: async (vmid, poolid) => {
        this.poolMembers.get(poolid)?.add(vmid);
      },
      forgetGuest: async (vmid) => {
        for (const members of this.poolMembers.values()) members.delete(vmid);
        this.forgotten.push(vmid);
      },
      forgetStorage: async () => {},
    };
  }

  #tools(): DiskTools {
    return {
      measure: async () => ({ format: "qcow2", sizeBytes: 2 * GIB, isStandalone: true }),
      copy: async ({ source, sourceFormat, target, targetFormat }) => {
        this.copies.push(`${sourceFormat} ${source} -> ${targetFormat} ${target.split("/").at(-1)}`);
      },
    };
  }
}
