/** The measured pmxcfs, and the programs that use it. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { clearStaleMount } from "../../src/cfs/fuse/mount.ts";
import { loadDatabase } from "../../src/cfs/store/database.ts";
import { InlineStore } from "../../src/cfs/store/inline-store.ts";
import type { ChangeSet } from "../../src/cfs/tree/change-set.ts";
import { execute, type Operation } from "../../src/cfs/tree/operation.ts";
import { encodeLayoutOptions, LAYOUT_ENV, type Layout, makeLayout } from "../../src/os/layout.ts";
import { NODE_FLAGS } from "../../src/supervisor/daemon-specs.ts";
import type { ClientFigures, ClientJob } from "./client.ts";

const DAEMON = new URL("../../src/daemons/pmxcfs.ts", import.meta.url);
const FILE_BYTES = 200;

export class Subject {
  readonly layout: Layout;
  readonly #root: string;
  readonly #cache: string;
  #child: ChildProcess | undefined;

  /** @param cache a compile cache, shared by all subjects of a run. */
  constructor(cache: string) {
    this.#root = mkdtempSync(join(tmpdir(), "qfs-"));
    this.#cache = cache;
    this.layout = makeLayout({ root: this.#root, nodeName: "n1", isRootUser: process.getuid?.() === 0 });
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  path(name: string): string {
    return join(this.layout.etcPve, name);
  }

  /** Fills the database before the first start: `directory/f<i>`, 200 bytes each. */
  fill(directories: Readonly<Record<string, number>>): void {
    mkdirSync(dirname(this.layout.configDb), { recursive: true });
    const { database, tree } = loadDatabase(this.layout.configDb, { now: 1_700_000_000 });
    const store = new InlineStore(database, this.layout.configDb);
    const changes: ChangeSet[] = [];
    const act = (operation: Operation): void => {
      const change = execute(tree, operation, { writer: 0, time: 1_700_000_000 });
      if (typeof change !== "object") throw new Error(`${operation.kind} ${operation.path}: ${change}`);
      tree.apply(change);
      changes.push(change);
    };
    for (const [directory, count] of Object.entries(directories)) {
      act({ kind: "mkdir", path: directory });
      for (let i = 0; i < count; i += 1) {
        const path = `${directory}/f${i}`;
        act({ kind: "create", path });
        act({ kind: "write", path, offset: 0, data: Buffer.alloc(FILE_BYTES, "a"), truncate: true });
      }
    }
    store.commit(changes, "synced", (failure) => {
      if (failure !== undefined) throw failure;
    });
    store.close();
  }

  /** @returns milliseconds until it serves. */
  async start(environment: Readonly<Record<string, string>> = {}): Promise<number> {
    const begin = performance.now();
    const child = fork(DAEMON, [], {
      execArgv: [...NODE_FLAGS],
      env: {
        ...process.env,
        ...environment,
        NODE_COMPILE_CACHE: this.#cache,
        [LAYOUT_ENV]: encodeLayoutOptions(this.layout),
      },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.once("message", () => resolve());
    child.once("exit", (code) => reject(new Error(`pmxcfs ended with ${code}`)));
    await promise;
    child.removeAllListeners("exit");
    return performance.now() - begin;
  }

  /** @returns milliseconds until its process has ended. */
  async stop(): Promise<number> {
    const child = this.#child;
    if (child === undefined) return 0;
    this.#child = undefined;
    const begin = performance.now();
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    await ended;
    return performance.now() - begin;
  }

  residentMiB(): number {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1];
    return Number(kib) / 1024;
  }

  /** How often its threads have gone to sleep so far. */
  voluntarySwitches(): number {
    let sum = 0;
    for (const thread of readdirSync(`/proc/${this.pid}/task`)) {
      const status = readFileSync(`/proc/${this.pid}/task/${thread}/status`, "utf8");
      sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
    }
    return sum;
  }

  async dispose(): Promise<void> {
    await this.stop();
    await clearStaleMount(this.layout.etcPve);
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** A process that works on a directory. */
export class Client {
  readonly #child: ChildProcess;

  /** @param directory where it stands: job paths are relative to it. */
  constructor(directory: string, cache: string) {
    this.#child = fork(new URL("./client.ts", import.meta.url), [], {
      cwd: directory,
      env: { ...process.env, NODE_COMPILE_CACHE: cache },
    });
  }

  async run(job: ClientJob): Promise<ClientFigures> {
    const { promise, resolve, reject } = Promise.withResolvers<ClientFigures>();
    const onExit = (code: number | null): void => reject(new Error(`the client ended with ${code}`));
    this.#child.once("message", (figures: ClientFigures) => resolve(figures));
    this.#child.once("exit", onExit);
    this.#child.send(job);
    try {
      return await promise;
    } finally {
      this.#child.off("exit", onExit);
    }
  }

  async end(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.kill("SIGKILL");
    await ended;
  }
}
