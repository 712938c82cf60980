/** Tasks as the cluster broadcasts them. */
export interface Task {
  readonly upid: string;
  readonly node: string;
  readonly type: string;
  readonly id: string;
  readonly user: string;
  /** Epoch seconds. */
  readonly startedAt: number;
  /** Absent while it runs. */
  readonly endedAt: number | undefined;
  /** `OK`, `WARNINGS: 2`, or what went wrong. */
  readonly status: string | undefined;
}

/** Consoles are tasks too, but no news: they are left out where only what happened counts. */
const CONSOLE_TYPES: ReadonlySet<string> = new Set(["vncproxy", "vncshell", "termproxy", "spiceproxy", "spiceshell"]);

export function isConsole({ type }: Pick<Task, "type">): boolean {
  return CONSOLE_TYPES.has(type);
}

export type TaskOutcome = "running" | "ok" | "warnings" | "failed" | "unknown";

export function parseTask(value: unknown): Task | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { upid, node, type, id, user, tokenid, starttime, endtime, status } = value as Readonly<
    Record<string, unknown>
  >;
  if (typeof upid !== "string" || typeof node !== "string" || typeof type !== "string") return undefined;
  return {
    upid,
    node,
    type,
    id: typeof id === "string" ? id : "",
    user: `${String(user ?? "")}${typeof tokenid === "string" ? `!${tokenid}` : ""}`,
    startedAt: Number(starttime ?? 0),
    endedAt: typeof endtime === "number" ? endtime : undefined,
    status: typeof status === "string" ? status : undefined,
  };
}

export function parseTasks(rows: unknown): readonly Task[] {
  if (!Array.isArray(rows)) return [];
  return rows
    .map(parseTask)
    .filter((task) => task !== undefined)
    .sort((a, b) => b.startedAt - a.startedAt || (a.upid < b.upid ? 1 : -1));
}

export function outcomeOf({ endedAt, status }: Pick<Task, "endedAt" | "status">): TaskOutcome {
  if (endedAt === undefined && (status === undefined || status === "RUNNING")) return "running";
  return outcomeOfStatus(status);
}

/** @param status what a finished task left: `OK`, `WARNINGS: n` or an error's text. */
export function outcomeOfStatus(status: string | undefined): TaskOutcome {
  if (status === undefined || status === "unexpected status") return "unknown";
  if (status === "OK") return "ok";
  return status.startsWith("WARNINGS") ? "warnings" : "failed";
}

/** What the cluster log says of a task: `starting task UPID:…:` and `end task UPID:…: OK`. */
export function parseTaskEvent(
  text: string,
): { readonly upid: string; readonly status: string | undefined } | undefined {
  const match = /^(?:starting|end) task (UPID:\S+:)(?: (.+))?$/.exec(text);
  return match?.[1] === undefined ? undefined : { upid: match[1], status: match[2] };
}

/** `UPID:node:pid:pstart:starttime:type:id:user:` */
export function parseUpid(upid: string):
  | {
      readonly node: string;
      readonly type: string;
      readonly id: string;
      readonly user: string;
      readonly startedAt: number;
    }
  | undefined {
  const match = /^UPID:([^:\s]+):[0-9A-F]{8}:[0-9A-F]{8,9}:([0-9A-F]{8}):([^:\s]+):([^:\s]*):([^:\s]+):$/i.exec(upid);
  if (match === null) return undefined;
  const [, node = "", start = "", type = "", id = "", user = ""] = match;
  return { node, type, id, user, startedAt: Number.parseInt(start, 16) };
}
