/**
 * The stream behind `/cluster/events`. First everything, then what changed: `resources` (changed rows), `removed` (ids),
 * `tasks` and `log` (whole lists, which are short). A change is looked for when the cluster file system tells of one,
 * and at least every few seconds, since some of it is only measured. A stream ends when rights change, and after some
 * minutes; the client connects again.
 */
import { PassThrough, type Readable } from "node:stream";
import type { CfsEvent, ClusterFs } from "../cfs/port.ts";
import type { Logger } from "../log/logger.ts";

type Row = Readonly<Record<string, unknown>>;

export interface EventStreamDeps {
  readonly cfs: Pick<ClusterFs, "watch">;
  readonly log: Logger;
  /** The client is gone. */
  readonly signal: AbortSignal;
  /** Each as far as the caller may see it. */
  readonly sources: {
    readonly resources: () => Promise<readonly (Row & { readonly id: string })[]>;
    readonly tasks: () => Promise<readonly Row[]>;
    readonly log: () => Promise<readonly Row[]>;
  };
}

const LOOK_EVERY_MS = 5_000;
/** Changes come in bursts: one look serves them all. */
const SETTLE_MS = 100;
/** A client that reads more slowly than this much piles up is dropped; it connects again and gets everything anew. */
const MAX_BACKLOG_BYTES = 4 << 20;
/** Logins end; a stream does not outlive them for long. */
const LIFETIME_MS = 10 * 60_000;
/** Files that say who may see what. */
const RIGHTS: ReadonlySet<string> = new Set(["user.cfg", "domains.cfg"]);
const KINDS_OF_INTEREST: ReadonlySet<CfsEvent["kind"]> = new Set([
  "file",
  "entry",
  "members",
  "status",
  "clusterlog",
  "resync",
]);

export function openEventStream({ cfs, log, signal, sources }: EventStreamDeps): Readable {
  const out = new PassThrough();
  let sequence = 0;
  let known = new Map<string, string>();
  let tasksText = "";
  let logText = "";
  let isLooking = false;
  let isWanted = false;
  let settling: NodeJS.Timeout | undefined;

  const send = (event: string, data: unknown): void => {
    if (out.writableEnded) return;
    sequence += 1;
    out.write(`id: ${sequence}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (out.writableLength > MAX_BACKLOG_BYTES) out.destroy();
  };

  const look = async (): Promise<void> => {
    if (isLooking) {
      isWanted = true;
      return;
    }
    isLooking = true;
    try {
      do {
        isWanted = false;
        const [rows, tasks, entries] = await Promise.all([sources.resources(), sources.tasks(), sources.log()]);
        const next = new Map(rows.map((row) => [row.id, JSON.stringify(row)]));
        const changed = rows.filter((row) => known.get(row.id) !== next.get(row.id));
        const removed = [...known.keys()].filter((id) => !next.has(id));
        known = next;
        if (changed.length > 0 || sequence === 0) send("resources", changed);
        if (removed.length > 0) send("removed", removed);
        const [newTasks, newLog] = [JSON.stringify(tasks), JSON.stringify(entries)];
        if (newTasks !== tasksText) send("tasks", tasks);
        if (newLog !== logText) send("log", entries);
        [tasksText, logText] = [newTasks, newLog];
      } while (isWanted && !out.destroyed);
    } catch (error) {
      log.warn({ err: error }, "an event stream ends");
      out.destroy();
    } finally {
      isLooking = false;
    }
  };

  const unwatch = cfs.watch((event) => {
    if ((event.kind === "file" || event.kind === "entry") && RIGHTS.has(event.path)) {
      // What the caller may see was settled when it connected: it connects again, and is checked again.
      out.end();
      return;
    }
    if (!KINDS_OF_INTEREST.has(event.kind) || settling !== undefined) return;
    settling = setTimeout(() => {
      settling = undefined;
      void look();
    }, SETTLE_MS);
  });
  const timer = setInterval(() => {
    // Also tells proxies and the client that the line is alive.
    if (!out.writableEnded) out.write(": alive\n\n");
    void look();
  }, LOOK_EVERY_MS);
  const close = (): void => {
    clearInterval(timer);
    clearTimeout(end);
    clearTimeout(settling);
    unwatch();
    // What was written before a regular end still goes out.
    if (!out.writableEnded) out.destroy();
  };
  const end = setTimeout(() => out.end(), LIFETIME_MS);
  signal.addEventListener("abort", close, { once: true });
  out.once("close", close);
  out.once("finish", close);
  if (signal.aborted) close();
  else void look();
  return out;
}
