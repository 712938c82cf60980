/** The load of all nodes together, from their own series. */
import type { Series } from "../graphs/series.ts";

export interface ClusterLoad {
  readonly cpu: Series;
  readonly memory: Series;
}

type Row = Readonly<Record<string, unknown>>;

const number = (row: Row, key: string): number | undefined => {
  const value = row[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
};

interface NodeFigures {
  readonly cpu: number | undefined;
  readonly cores: number | undefined;
  readonly memory: number | undefined;
  readonly memoryTotal: number | undefined;
}

interface LoadNow {
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  /** Of what the shares are: known before there is a series, and right after a node grew. */
  readonly cores: number;
  readonly memoryTotal: number;
}

/** What the same figures are now: shares, undefined where no node says anything. */
export function loadNow(nodes: readonly NodeFigures[]): LoadNow {
  let [used, cores, memory, memoryTotal] = [0, 0, 0, 0];
  for (const node of nodes) {
    if (node.cpu !== undefined && node.cores !== undefined) {
      used += node.cpu * node.cores;
      cores += node.cores;
    }
    if (node.memory !== undefined && node.memoryTotal !== undefined) {
      memory += node.memory;
      memoryTotal += node.memoryTotal;
    }
  }
  return {
    cpu: cores === 0 ? undefined : used / cores,
    memory: memoryTotal === 0 ? undefined : memory / memoryTotal,
    cores: nodes.reduce((sum, node) => sum + (node.cores ?? 0), 0),
    memoryTotal: nodes.reduce((sum, node) => sum + (node.memoryTotal ?? 0), 0),
  };
}

/** A moment at which a node has no figures counts the others only; without any it is a gap. */
export function clusterLoad(nodes: readonly (readonly unknown[])[]): ClusterLoad | undefined {
  const moments = new Map<number, { used: number; cores: number; memory: number; memoryTotal: number }>();
  for (const rows of nodes) {
    for (const row of rows as readonly Row[]) {
      const time = Number(row.time);
      const sum = moments.get(time) ?? { used: 0, cores: 0, memory: 0, memoryTotal: 0 };
      const cores = number(row, "maxcpu");
      const cpu = number(row, "cpu");
      if (cores !== undefined && cpu !== undefined) {
        sum.used += cpu * cores;
        sum.cores += cores;
      }
      const memory = number(row, "memused");
      const memoryTotal = number(row, "memtotal");
      if (memory !== undefined && memoryTotal !== undefined) {
        sum.memory += memory;
        sum.memoryTotal += memoryTotal;
      }
      moments.set(time, sum);
    }
  }
  const times = [...moments.keys()].sort((a, b) => a - b);
  if (times.length === 0) return undefined;
  const sums = times.map((time) => moments.get(time));
  return {
    cpu: { times, columns: [sums.map((sum) => (sum === undefined || sum.cores === 0 ? null : sum.used / sum.cores))] },
    memory: {
      times,
      columns: [sums.map((sum) => (sum === undefined || sum.memoryTotal === 0 ? null : sum.memory / sum.memoryTotal))],
    },
  };
}
