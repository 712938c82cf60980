/** A node for tests of the config side: everything around it is in memory, the locks are real files. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateTestPermission, TestAccess, type TestRights } from "../../access/port.testing.ts";
import type { AccessRecords, AccessView } from "../../access/port.ts";
import {
  CfsError,
  type CfsEvent,
  type ClusterFs,
  FileChangedError,
  type FileSnapshot,
  type GuestEntry,
  type WriteOptions,
} from "../../cfs/port.ts";
import { silentLogger } from "../../log/logger.ts";
import { type Layout, makeLayout } from "../../os/layout.ts";
import { Call, checkPermissions } from "../../rest/call.ts";
import { parameterError } from "../../rest/errors.ts";
import type { Verb } from "../../rest/method.ts";
import { Registry } from "../../rest/registry.ts";
import { MemoryStorages } from "../../storage/port.testing.ts";
import type { Storages } from "../../storage/port.ts";
import type { Json, TaskContext, TaskHandler, TaskSpec, Tasks } from "../../tasks/port.ts";
import type { GuestStatus } from "../port.ts";
import { type QemuConfigDeps, qemuConfigMethods, qemuConfigSide, qemuConfigTasks } from "./config-side.ts";
import type { DiskTools } from "./disk-tools.ts";
import type { Hotplug, HotplugRequest, HotplugResult } from "./hotplug-port.ts";

export const NODE = "n1";
const GIB = 2 ** 30;

/** The part of the cluster file system that the config side uses. */
export class FilesInMemory {
  readonly #files = new Map<string, { data: Buffer; version: bigint }>();
  readonly #listeners = new Set<(event: CfsEvent) => void>();
  #version = 0n;
  reads = 0;
  /** Called before each write or removal; throwing makes the operation fail. */
  beforeChange: (what: string, path: string) => void = () => {};

  /** As the port; members that no test needs are refused. */
  readonly port: ClusterFs = new Proxy(this as unknown as ClusterFs, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (member === undefined) return () => Promise.reject(new Error(`${String(name)} is not part of this test`));
      return typeof member === "function" ? member.bind(target) : member;
    },
  });

  text(path: string): string | undefined {
    return this.#files.get(path)?.data.toString("utf8");
  }

  put(path: string, text: string): void {
    this.#version += 1n;
    this.#files.set(path, { data: Buffer.from(text), version: this.#version });
    this.#tell({ kind: "file", path });
  }

  async read(path: string): Promise<FileSnapshot | undefined> {
    this.reads += 1;
    const file = this.#files.get(path);
    if (file === undefined) return undefined;
    return { ...file, digest: createHash("sha1").update(file.data).digest("hex"), mtime: 0 };
  }

  async write(path: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
    this.beforeChange("write", path);
    const before = await this.read(path);
    if (options.ifDigest !== undefined && (before?.digest ?? null) !== options.ifDigest)
      throw new FileChangedError(path);
    this.put(path, Buffer.from(data).toString("utf8"));
  }

  async remove(path: string): Promise<void> {
    this.beforeChange("remove", path);
    if (!this.#files.delete(path)) throw new CfsError("ENOENT", path, `no such file: ${path}`);
    this.#tell({ kind: "entry", path });
  }

  async guests(): Promise<ReadonlyMap<number, GuestEntry>> {
    const guests = new Map<number, GuestEntry>();
    for (const path of this.#files.keys()) {
      const [, node, vmid] = /^nodes\/([^/]+)\/qemu-server\/(\d+)\.conf$/.exec(path) ?? [];
      if (node !== undefined) guests.set(Number(vmid), { vmid: Number(vmid), node, type: "qemu", version: 1 });
    }
    return guests;
  }

  watch(listener: (event: CfsEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(event: CfsEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** Records what it is told and answers as asked. */
export class ScriptedHotplug implements Hotplug {
  readonly running = new Set<number>();
  readonly requests: HotplugRequest[] = [];
  readonly resized: string[] = [];
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
}

/** Runs a task at once, in this process, and keeps its log. */
class InlineTasks implements Tasks {
  readonly logs: string[] = [];
  outcome: string | undefined;
  refuses = false;
  handlers: Readonly<Record<string, TaskHandler>> = {};

  async start(spec: TaskSpec): Promise<string> {
    if (this.refuses) throw new Error("no worker to be had");
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
  readonly files = new FilesInMemory();
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
    this.#registry = new Registry(qemuConfigMethods(this.deps, side));
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
    const match = this.#registry.find(verb, `/nodes/${NODE}/qemu${path}`);
    if (match?.route.method.handler === undefined) throw new Error(`no method ${verb} ${path}`);
    const raw = { ...params, ...match.pathParams };
    const view: AccessView = { ...this.access.view(), poolMembers: (pool) => this.#pool(pool) };
    const signal = new AbortController().signal;
    const caller = { authid, userid: authid.split("!")[0], credentials: {}, clientAddress: "::1" };
    const call = new Call(caller, view, () => signal);
    checkPermissions(match.route.method, call, raw, (check, context) => evaluateTestPermission(check, context));
    const checked = match.route.check(raw);
    if (!checked.ok) throw parameterError(checked.errors);
    return match.route.method.handler(checked.value, call);
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
      measure: async () => ({ format: "qcow2", sizeBytes: 2 * GIB }),
      copy: async ({ source, sourceFormat, target, targetFormat }) => {
        this.copies.push(`${sourceFormat} ${source} -> ${targetFormat} ${target.split("/").at(-1)}`);
      },
    };
  }
}
