/**
 * Is everything all right, and if not, what is to be done? Computed from what is known now; what is not known counts
 * as unknown, never as well. Texts are keys of the catalogue, so that this stays without a language.
 */
import { guestState, isNodeAway } from "../store/freshness.ts";
import type { Inventory } from "../store/resources.ts";
import { isConsole, outcomeOf, type Task } from "../store/tasks.ts";
import { taskTitle } from "../task/task-title.ts";
import type { MessageKey, MessageValues } from "../text/t.ts";

export type VerdictLevel = "ok" | "warn" | "bad" | "unknown";

export interface Finding {
  readonly level: "warn" | "bad";
  readonly title: { readonly key: MessageKey; readonly values: MessageValues };
  readonly text: { readonly key: MessageKey; readonly values: MessageValues };
  readonly link: { readonly to: string; readonly key: MessageKey; readonly values: MessageValues };
  /** Epoch seconds; absent when it is so right now. */
  readonly since?: number;
  /** Higher comes first. */
  readonly urgency: number;
}

export interface Verdict {
  readonly level: VerdictLevel;
  readonly headline: MessageKey;
  readonly sentence: { readonly key: MessageKey; readonly values: MessageValues };
  readonly findings: readonly Finding[];
  readonly votes: { readonly present: number; readonly total: number };
}

export interface Quorum {
  readonly isQuorate: boolean;
  readonly expectedVotes: number;
}

export interface VerdictInput {
  readonly inventory: Inventory;
  readonly tasks: readonly Task[];
  /** Absent on a node that is no member of a cluster. */
  readonly quorum: Quorum | undefined;
  /** Epoch seconds on the server's clock. */
  readonly now: number;
}

const MAX_FINDINGS = 7;
const STORAGE_WARN = 0.85;
const STORAGE_BAD = 0.95;
const MEMORY_WARN = 0.95;
const TASKS_FOR_S = 24 * 3600;

export function verdictOf(input: VerdictInput): Verdict {
  const { inventory, now, quorum } = input;
  const nodes = [...inventory.nodes.values()];
  const away = nodes.filter((node) => isNodeAway(node, now));
  const votes = { present: nodes.length - away.length, total: quorum?.expectedVotes ?? nodes.length };
  if (!inventory.isLoaded) {
    return {
      level: "unknown",
      headline: "verdict.loading",
      sentence: { key: "verdict.loading-text", values: {} },
      findings: [],
      votes,
    };
  }
  const findings = findingsOf(input).slice(0, MAX_FINDINGS);
  const guests = [...inventory.guests.values()].filter(({ isTemplate }) => !isTemplate);
  const running = guests.filter((guest) => guestState(guest, inventory, now) === "running").length;
  const counts = { guests: guests.length, running, votes: votes.total, present: votes.present };

  if (quorum !== undefined && !quorum.isQuorate) {
    const sentence = { key: "verdict.no-quorum-text", values: counts } as const;
    return { level: "bad", headline: "verdict.no-quorum", sentence, findings, votes };
  }
  if (away.length > 0) {
    const names = away.map(({ name }) => name).join(", ");
    const isAlone = nodes.length === 1;
    const sentence = {
      key: isAlone ? "verdict.silent-text" : "verdict.degraded-text",
      values: { ...counts, names, n: away.length, spare: spareVotes(votes) },
    } as const;
    const headline = isAlone ? "verdict.silent" : "verdict.degraded";
    return { level: isAlone ? "bad" : "warn", headline, sentence, findings, votes };
  }
  const sentence = {
    key: nodes.length > 1 ? "verdict.running-text" : "verdict.running-alone-text",
    values: { ...counts, node: nodes[0]?.name ?? "", spare: spareVotes(votes) },
  } as const;
  const worst = findings.some(({ level }) => level === "bad") ? "bad" : findings.length > 0 ? "warn" : "ok";
  return { level: worst, headline: worst === "ok" ? "verdict.ok" : "verdict.look", sentence, findings, votes };
}

/** How many more votes may go before there is no majority. */
export function spareVotes({ present, total }: { readonly present: number; readonly total: number }): number {
  return Math.max(0, present - (Math.floor(total / 2) + 1));
}

function findingsOf({ inventory, tasks, now }: VerdictInput): Finding[] {
  const out: Finding[] = [];
  for (const node of inventory.nodes.values()) {
    const open = { to: `/node/${node.name}`, key: "verdict.open", values: { name: node.name } } as const;
    if (isNodeAway(node, now)) {
      const unknown = [...inventory.guests.values()].filter((guest) => guest.node === node.name).length;
      out.push({
        level: "bad",
        title: { key: "verdict.node-away", values: { name: node.name } },
        text: { key: "verdict.node-away-text", values: { name: node.name, n: unknown } },
        link: open,
        since: node.at,
        urgency: 100,
      });
      continue;
    }
    const memory = shareOf(node.memory, node.memoryTotal);
    if (memory !== undefined && memory >= MEMORY_WARN) {
      out.push({
        level: "warn",
        title: { key: "verdict.memory", values: { name: node.name } },
        text: { key: "verdict.memory-text", values: { percent: Math.round(memory * 100) } },
        link: open,
        urgency: 60,
      });
    }
  }
  const seen = new Set<string>();
  for (const storage of inventory.storages.values()) {
    // A shared storage is one, however many nodes see it.
    const key = storage.isShared ? storage.name : storage.id;
    if (seen.has(key) || isNodeAway(inventory.nodes.get(storage.node), now)) continue;
    seen.add(key);
    const link = { to: `/storage/${storage.name}`, key: "verdict.open", values: { name: storage.name } } as const;
    const values = { name: storage.name, node: storage.node };
    if (!storage.isAvailable) {
      out.push({
        level: "warn",
        title: { key: "verdict.storage-away", values },
        text: { key: "verdict.storage-away-text", values },
        link,
        urgency: 70,
      });
      continue;
    }
    const share = shareOf(storage.used, storage.total);
    if (share === undefined || share < STORAGE_WARN) continue;
    out.push({
      level: share >= STORAGE_BAD ? "bad" : "warn",
      title: { key: "verdict.storage-full", values: { ...values, percent: Math.round(share * 100) } },
      text: { key: "verdict.storage-full-text", values },
      link,
      urgency: share >= STORAGE_BAD ? 90 : 50,
    });
  }
  out.push(...failedTasks(tasks, inventory, now));
  return out.sort((a, b) => b.urgency - a.urgency || (b.since ?? now) - (a.since ?? now));
}

/** Only the last try for each object counts: what went well afterwards needs no attention. */
function failedTasks(tasks: readonly Task[], inventory: Inventory, now: number): Finding[] {
  const latest = new Map<string, Task>();
  for (const task of tasks) {
    // A console that nobody came to, or that was cut off, is no matter of the cluster.
    if (isConsole(task)) continue;
    const key = `${task.type} ${task.id}`;
    const known = latest.get(key);
    if (known === undefined || known.startedAt < task.startedAt) latest.set(key, task);
  }
  return [...latest.values()]
    .filter((task) => outcomeOf(task) === "failed" && now - (task.endedAt ?? task.startedAt) < TASKS_FOR_S)
    .map((task) => ({
      level: "warn",
      title: {
        key: "verdict.task-failed",
        values: { what: taskTitle(task, inventory.guests.get(Number(task.id))?.name) },
      },
      text: { key: "verdict.task-failed-text", values: { reason: task.status ?? "" } },
      link: { to: `/task/${encodeURIComponent(task.upid)}`, key: "verdict.see-log", values: {} },
      since: task.endedAt ?? task.startedAt,
      urgency: 40,
    }));
}

function shareOf(used: number | undefined, total: number | undefined): number | undefined {
  return used === undefined || total === undefined || total === 0 ? undefined : used / total;
}
