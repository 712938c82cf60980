/** Which daemons a node has, in the order in which they start, and how each is run. Pure. */
import { join } from "node:path";
import type { Layout } from "../os/layout.ts";
import { rrdcachedCommand } from "../stats/rrdcached.ts";

export interface DaemonSpec {
  readonly name: string;
  readonly argv: readonly string[];
  /** Names that must be ready first. */
  readonly after: readonly string[];
  /** `channel`: it sends `{kind: "ready"}`; else the Unix socket on which it answers. */
  readonly readiness: "channel" | { readonly socket: string };
  /** Runs as www-data where the layout drops privileges. */
  readonly isUnprivileged: boolean;
  /** Runs once and ends; the ones after it wait for exit code 0. */
  readonly isOneShot: boolean;
  /** Missing programs make an optional daemon absent, not failed. */
  readonly isOptional: boolean;
  readonly stopTimeoutMs: number;
}

/** Same flags everywhere: the compile cache is keyed by them. They halve an idle daemon's memory. */
export const NODE_FLAGS: readonly string[] = [
  "--disable-warning=ExperimentalWarning",
  "--max-semi-space-size=1",
  "--v8-pool-size=1",
  "--disable-sigusr1",
  "--expose-gc",
];

export const DAEMON_STOP_MS = 12_000;
const CFS_STOP_MS = 5_000;

export interface SpecOptions {
  readonly layout: Layout;
  /** Node's binary. */
  readonly node: string;
  readonly releaseDir: string;
  readonly hasRrdcached: boolean;
}

export function daemonSpecs({ layout, node, releaseDir, hasRrdcached }: SpecOptions): DaemonSpec[] {
  const own = (name: string, after: readonly string[], overrides: Partial<DaemonSpec> = {}): DaemonSpec => ({
    name,
    argv: [node, ...NODE_FLAGS, join(releaseDir, "src/daemons", `${name}.ts`)],
    after,
    readiness: "channel",
    isUnprivileged: false,
    isOneShot: false,
    isOptional: false,
    stopTimeoutMs: DAEMON_STOP_MS,
    ...overrides,
  });
  const rrdcached: DaemonSpec = {
    ...own("rrdcached", []),
    argv: rrdcachedCommand(layout),
    readiness: { socket: layout.rrdcachedSocket },
    isOptional: true,
  };
  return [
    own("pmxcfs", [], { stopTimeoutMs: CFS_STOP_MS }),
    ...(hasRrdcached ? [rrdcached] : []),
    own("node-setup", ["pmxcfs"], { isOneShot: true }),
    own("pvedaemon", ["node-setup"]),
    own("pveproxy", ["node-setup"], { isUnprivileged: true }),
    own("pvestatd", ["node-setup"]),
    // Starting guests at boot never keeps the node itself from starting.
    {
      ...own("pve-guests", ["pvedaemon"], { isOneShot: true, isOptional: true }),
      argv: [node, ...NODE_FLAGS, join(releaseDir, "src/daemons/pve-guests.ts"), "start"],
    },
  ];
}

/** Daemons in the order in which they stop: nothing stops before what needs it. */
export function stopOrder(specs: readonly DaemonSpec[]): DaemonSpec[] {
  return specs.filter(({ isOneShot }) => !isOneShot).reverse();
}

const FIRST_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 30_000;
/** A daemon that ran this long has recovered: its next failure is a first one. */
export const HEALTHY_AFTER_MS = 60_000;

/** Milliseconds to wait before the `failures`-th restart in a row (from 1). */
export function restartDelayMs(failures: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), MAX_BACKOFF_MS);
}
