/** `/nodes/{node}/syslog` and `journal`: the machine's journal where the node is the machine, else its daemons' logs. */
import { existsSync } from "node:fs";
import type { Layout } from "../os/layout.ts";
import { runCommand } from "../os/run-command.ts";
import { notBuilt } from "../rest/errors.ts";
import { defineMethod, type Method } from "../rest/method.ts";
import { type DaemonLogEntry, parseLogTime, readDaemonLogs, syslogLine } from "./daemon-log.ts";
import { NODE } from "./node-parameter.ts";
import { daemonOf } from "./service-facts.ts";

const PERMISSIONS = { check: ["perm", "/nodes/{node}", ["Sys.Syslog"]] } as const;
const TIME = "^\\d{4}-\\d{2}-\\d{2}( \\d{2}:\\d{2}(:\\d{2})?)?$";
const JOURNAL_RUNS = "/run/systemd/journal/socket";
const JOURNAL_TIMEOUT_MS = 20_000;
/** Lines in one answer when the caller names no limit. */
const DEFAULT_LIMIT = 50;
const MAX_JOURNAL_LINES = 100_000;
const CURSOR = /^q:(\d+)$/;

interface Page {
  readonly lines: { readonly n: number; readonly t: string }[];
  readonly total: number;
}

export function nodeLogMethods({ layout }: { readonly layout: Layout }): Method[] {
  const hasJournal = (): boolean => layout.isSystem && existsSync(JOURNAL_RUNS);
  return [
    defineMethod({
      path: "/nodes/{node}/syslog",
      method: "GET",
      name: "syslog",
      description: "Lines of the system log.",
      protected: 1,
      proxyto: "node",
      permissions: PERMISSIONS,
      parameters: {
        node: NODE,
        start: { type: "integer", minimum: 0, optional: 1, description: "First line, from 0." },
        limit: { type: "integer", minimum: 0, optional: 1, description: "At most so many lines." },
        since: { type: "string", pattern: TIME, optional: 1, description: "From this time on." },
        until: { type: "string", pattern: TIME, optional: 1, description: "Up to this time." },
        service: { type: "string", maxLength: 128, optional: 1, description: "Only this service." },
      },
      returns: {
        type: "array",
        items: { type: "object", properties: { n: { type: "integer" }, t: { type: "string" } } },
      },
      async handler({ start = 0, limit = DEFAULT_LIMIT, since, until, service }, call) {
        const lines = hasJournal()
          ? await journalLines([
              "--output=short",
              ...(since === undefined ? [] : [`--since=${since}`]),
              ...(until === undefined ? [] : [`--until=${until}`]),
              ...(service === undefined ? [] : [`--unit=${service}`]),
            ])
          : (await readDaemonLogs(layout.quorateLogDir))
              .filter((entry) => isWithin(entry, since, until) && isOf(entry, service))
              .map((entry) => syslogLine(entry, layout.nodeName));
        const page = pageOf(lines, start, limit);
        call.setTotal(page.total);
        return page.lines;
      },
    }),
    defineMethod({
      path: "/nodes/{node}/journal",
      method: "GET",
      name: "journal",
      description: "Lines of the journal between a first and a last line that name their places.",
      protected: 1,
      proxyto: "node",
      permissions: PERMISSIONS,
      parameters: {
        node: NODE,
        since: { type: "integer", minimum: 0, optional: 1, description: "From this time on (epoch seconds)." },
        until: { type: "integer", minimum: 0, optional: 1, description: "Up to this time (epoch seconds)." },
        lastentries: { type: "integer", minimum: 0, optional: 1, description: "Only so many, the newest." },
        startcursor: { type: "string", optional: 1, description: "From this place on." },
        endcursor: { type: "string", optional: 1, description: "Up to this place." },
        service: {
          type: "string",
          maxLength: 128,
          pattern: "^[A-Za-z0-9_.@:*?!\\[\\]\\/-]+$",
          optional: 1,
          description: "Only this service.",
        },
        unit: {
          type: "string",
          maxLength: 256,
          pattern: "^[A-Za-z0-9_.@:-]+$",
          optional: 1,
          description: "Only this unit.",
        },
        priority: {
          type: "string",
          pattern: "^([0-7](\\.\\.[0-7])?)?$",
          optional: 1,
          description: "This priority and above, or a range.",
        },
        kernel: { type: "boolean", default: 0, optional: 1, description: "Only the kernel's." },
        structured: { type: "boolean", default: 0, optional: 1, description: "Entries as JSON." },
        identifiers: { type: "boolean", default: 0, optional: 1, description: "The programs that have entries." },
        units: { type: "boolean", default: 0, optional: 1, description: "The units that have entries." },
      },
      returns: { type: "array", items: { type: "string" } },
      async handler(params) {
        for (const name of ["structured", "identifiers", "units"] as const) {
          if (params[name] === true) throw notBuilt(`parameter '${name}' of the journal`);
        }
        const { kernel = false, service, unit = service, priority, lastentries, ...range } = params;
        if (hasJournal()) return await machineJournal({ kernel, unit, priority, lastentries, ...range });
        // The kernel's log is the machine's, not this node's.
        if (kernel) return [];
        const entries = (await readDaemonLogs(layout.quorateLogDir)).filter(
          (entry) => isInRange(entry, range) && isOf(entry, unit) && hasPriority(entry, priority),
        );
        return withCursors(lastentries ? entries.slice(-lastentries) : entries, layout.nodeName);
      },
    }),
  ];
}

function pageOf(lines: readonly string[], start: number, limit: number): Page {
  const end = limit === 0 ? lines.length : start + limit;
  return { total: lines.length, lines: lines.slice(start, end).map((t, index) => ({ n: start + index + 1, t })) };
}

function isWithin({ time }: DaemonLogEntry, since: string | undefined, until: string | undefined): boolean {
  return (since === undefined || time >= parseLogTime(since)) && (until === undefined || time <= parseLogTime(until));
}

function isOf({ program }: DaemonLogEntry, service: string | undefined): boolean {
  return service === undefined || program === daemonOf(service.replace(/\.service$/, ""));
}

function hasPriority({ priority }: DaemonLogEntry, wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === "") return true;
  const [first = "", last] = wanted.split("..");
  return last === undefined ? priority <= Number(first) : priority >= Number(first) && priority <= Number(last);
}

interface Range {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly startcursor?: string | undefined;
  readonly endcursor?: string | undefined;
}

/** Our places in the log are times; a place of another kind (the machine's journal before) stands for the beginning. */
function isInRange({ time }: DaemonLogEntry, { since, until, startcursor, endcursor }: Range): boolean {
  const cursor = (text: string | undefined): number | undefined => {
    const ms = CURSOR.exec(text ?? "")?.[1];
    return ms === undefined ? undefined : Number(ms);
  };
  const [from, to] = [cursor(startcursor), cursor(endcursor)];
  return (
    (since === undefined || time >= since * 1000) &&
    (until === undefined || time <= until * 1000) &&
    (from === undefined || time >= from) &&
    (to === undefined || time <= to)
  );
}

function withCursors(entries: readonly DaemonLogEntry[], host: string): string[] {
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return [];
  return [`q:${first.time}`, ...entries.map((entry) => syslogLine(entry, host)), `q:${last.time}`];
}

interface JournalQuery extends Range {
  readonly kernel: boolean;
  readonly unit: string | undefined;
  readonly priority: string | undefined;
  readonly lastentries: number | undefined;
}

async function machineJournal(query: JournalQuery): Promise<string[]> {
  const { kernel, unit, priority, lastentries, since, until, startcursor, endcursor } = query;
  const text = await journalLines([
    "--output=json",
    "--output-fields=SYSLOG_IDENTIFIER,_PID,_HOSTNAME,PRIORITY,MESSAGE",
    ...(kernel ? ["--dmesg"] : []),
    ...(unit === undefined ? [] : [`--unit=${unit}`]),
    ...(priority === undefined || priority === "" ? [] : [`--priority=${priority}`]),
    ...(since === undefined ? [] : [`--since=@${since}`]),
    ...(until === undefined ? [] : [`--until=@${until}`]),
    ...(startcursor === undefined ? [] : [`--cursor=${startcursor}`]),
    `--lines=${lastentries || MAX_JOURNAL_LINES}`,
  ]);
  const lines: string[] = [];
  let first: string | undefined;
  let last = "";
  for (const line of text) {
    const entry = JSON.parse(line) as Record<string, unknown>;
    last = String(entry.__CURSOR);
    first ??= last;
    const program = String(entry.SYSLOG_IDENTIFIER ?? "unknown");
    lines.push(
      syslogLine(
        {
          time: Number(entry.__REALTIME_TIMESTAMP) / 1000,
          program,
          pid: Number(entry._PID ?? 0),
          priority: Number(entry.PRIORITY ?? 6),
          // Texts that are not UTF-8 come as arrays of bytes.
          text: Array.isArray(entry.MESSAGE)
            ? Buffer.from(entry.MESSAGE as number[]).toString("utf8")
            : String(entry.MESSAGE),
        },
        String(entry._HOSTNAME ?? ""),
      ),
    );
    if (last === endcursor) break;
  }
  return first === undefined ? [] : [first, ...lines, last];
}

async function journalLines(args: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  await runCommand(["journalctl", "--quiet", "--no-pager", ...args], {
    timeoutMs: JOURNAL_TIMEOUT_MS,
    maxBytes: 4096,
    onLine: (line, stream) => {
      if (stream === "stdout" && lines.length < MAX_JOURNAL_LINES) lines.push(line);
    },
  });
  return lines;
}
