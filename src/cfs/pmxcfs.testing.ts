/** Runs a real pmxcfs in a process of its own, below a fresh directory. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeLayoutOptions, LAYOUT_ENV, type Layout, makeLayout } from "../os/layout.ts";
import { clearStaleMount } from "./fuse/mount.ts";
import { connectClusterFs } from "./ipc/client.ts";
import type { RequestClusterFs } from "./request-client.ts";

const DAEMON = new URL("../daemons/pmxcfs.ts", import.meta.url);
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;

export class PmxcfsProcess {
  readonly layout: Layout;
  /** Standard output and error of all runs. */
  output = "";
  readonly #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  readonly #clients: RequestClusterFs[] = [];

  constructor(options: { readonly environment?: Readonly<Record<string, string>>; readonly root?: string } = {}) {
    const root = options.root ?? mkdtempSync(join(tmpdir(), "quorate-cfs-"));
    this.layout = makeLayout({ root, nodeName: "n1", isRootUser: process.getuid?.() === 0 });
    this.#environment = options.environment ?? {};
  }

  /** The mounted directory. */
  get directory(): string {
    return this.layout.etcPve;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  path(name: string): string {
    return join(this.layout.etcPve, name);
  }

  /** @returns the exit code when the daemon ends instead of getting ready. */
  async start(): Promise<number | undefined> {
    const child = fork(DAEMON, [], {
      env: { ...process.env, ...this.#environment, [LAYOUT_ENV]: encodeLayoutOptions(this.layout) },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    child.once("message", () => resolve(undefined));
    child.once("exit", (code) => resolve(code ?? -1));
    const timer = setTimeout(() => reject(new Error(`pmxcfs was not ready in time: ${this.output}`)), START_TIMEOUT_MS);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Signals the daemon and waits for its end. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.once("exit", () => resolve());
    child.kill(signal);
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`pmxcfs did not end in time: ${this.output}`));
    }, STOP_TIMEOUT_MS);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  client(socketPath = this.layout.cfsSocket): RequestClusterFs {
    const client = connectClusterFs({ socketPath, nodeName: this.layout.nodeName });
    this.#clients.push(client);
    return client;
  }

  /** Ends everything and removes the directory. */
  async dispose(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.end("SIGKILL");
    await clearStaleMount(this.directory);
    rmSync(this.layout.root, { recursive: true, force: true });
  }
}

/** Whether this machine and user can mount at all: else the tests of the mount are left out. */
export async function canMount(): Promise<boolean> {
  const pmxcfs = new PmxcfsProcess();
  try {
    await pmxcfs.start();
    return (await pmxcfs.client().health())?.isMounted ?? false;
  } finally {
    await pmxcfs.dispose();
  }
}
