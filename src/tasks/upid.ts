/** The unique id of a task: which process on which node, since when, doing what for whom. */
export interface Upid {
  readonly node: string;
  readonly pid: number;
  /** Start of the process in clock ticks since boot: together with the pid it names one process. */
  readonly pstart: number;
  /** Start of the task, epoch seconds. */
  readonly starttime: number;
  readonly type: string;
  /** What the task works on; may be empty. */
  readonly id: string;
  /** User or token id. */
  readonly authid: string;
}

const UPID =
  /^UPID:([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?):([0-9A-F]{8}):([0-9A-F]{8,9}):([0-9A-F]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/;
/** Longer names do not fit into a file name. */
const MAX_LENGTH = 255;

/** @returns undefined when `text` is not a UPID as {@link formatUpid} writes it. Safe as a file name when it is one. */
export function parseUpid(text: string): Upid | undefined {
  if (text.length > MAX_LENGTH || text.includes("\0")) return undefined;
  const match = UPID.exec(text);
  if (match === null) return undefined;
  const [, node = "", pid = "", pstart = "", starttime = "", type = "", id = "", authid = ""] = match;
  return {
    node,
    pid: Number.parseInt(pid, 16),
    pstart: Number.parseInt(pstart, 16),
    starttime: Number.parseInt(starttime, 16),
    type,
    id,
    authid,
  };
}

/** @throws RangeError for a part that would not be read back the same. */
export function formatUpid(upid: Upid): string {
  const text = `UPID:${upid.node}:${hex(upid.pid)}:${hex(upid.pstart)}:${hex(upid.starttime)}:${upid.type}:${upid.id}:${upid.authid}:`;
  if (parseUpid(text) === undefined) throw new RangeError(`cannot make a task id: '${text}' is not a valid UPID`);
  return text;
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, "0");
}

/** Objects of tasks may hold characters that a UPID cannot (a volume id): each becomes `_`. */
export function upidSafeId(id: string): string {
  return id.replace(/[:\s/\0]/g, "_");
}

/** The user behind `authid`, and the token's own name when it is one. */
export function splitAuthid(authid: string): { readonly user: string; readonly tokenid?: string } {
  const mark = authid.indexOf("!");
  return mark < 0 ? { user: authid } : { user: authid.slice(0, mark), tokenid: authid.slice(mark + 1) };
}
