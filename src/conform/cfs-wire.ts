/**
 * Compares tree digests, the database and the cluster log with recorded ones. The messages and sessions of a group of
 * nodes are not built: their cases fail, and say so.
 */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { loadDatabase } from "../cfs/store/database.ts";
import type { LogEntry } from "../cfs/tree/cluster-log.ts";
import { decodeLogBuffer, decodeLogEntry, encodeLogBuffer, encodeLogEntry } from "../cfs/tree/cluster-log-codec.ts";
import { encodeIndex, indexDigest, lockDigest, treeDigest } from "../cfs/tree/digest.ts";
import { type Entry, ROOT_INODE, sizeOf, TYPE_DIRECTORY, typeOf } from "../cfs/tree/entry.ts";
import { fnv1a64 } from "../cfs/tree/fnv.ts";
import { Tree } from "../cfs/tree/tree.ts";
import type { Report } from "./api.ts";

/** Compares and reports with what differs. */
type Compare = (name: string, got: unknown, want: unknown) => void;
type Check = (text: string, directory: string, compare: Compare) => void;

const CHECKS: Readonly<Record<string, Check>> = {
  "config-db-listing.json": checkDatabase,
  "derived-db-checksum.json": checkTreeDigest,
  "derived-entry-digest.json": checkEntryDigest,
  "derived-index-3-entries.json": checkIndex,
  "derived-fnv.json": checkFnv,
  "derived-log-message.json": checkLogMessage,
  "derived-clog-3-entries.json": checkLogBuffer,
};

export async function run(dirOrFile: string, report: Report): Promise<void> {
  const files = statSync(dirOrFile).isDirectory()
    ? readdirSync(dirOrFile)
        .filter((name) => name.endsWith(".json"))
        .sort()
        .map((name) => join(dirOrFile, name))
    : [dirOrFile];
  for (const file of files) {
    const name = basename(file);
    const check = CHECKS[name];
    if (check === undefined) {
      report(name, false, "the group protocol is not built");
      continue;
    }
    const compare: Compare = (what, got, want) => {
      const isEqual = isDeepStrictEqual(got, want);
      const detail = `got ${shorten(JSON.stringify(got))}, want ${shorten(JSON.stringify(want))}`;
      report(`${name}: ${what}`, isEqual, isEqual ? undefined : detail);
    };
    try {
      check(readFileSync(file, "utf8"), dirname(file), compare);
    } catch (error) {
      report(name, false, error instanceof Error ? error.message : String(error));
    }
  }
}

function shorten(text: string | undefined): string {
  return text === undefined ? "nothing" : text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

interface RecordedEntry {
  readonly inode: number;
  readonly parent: number;
  readonly version: number;
  readonly writer: number;
  readonly mtime: number;
  readonly type: number;
  readonly name: string;
  readonly data: string;
}

function entryOf({ inode, parent, version, writer, mtime, type, name, data }: RecordedEntry): Entry {
  const content = type === TYPE_DIRECTORY ? undefined : Buffer.from(data, "utf8");
  return { inode, parent, version, writer, mtime, name, data: content };
}

function treeOf(entries: readonly RecordedEntry[]): Tree {
  const tree = new Tree();
  const [root, ...others] = entries.map(entryOf);
  if (root === undefined) throw new Error("the case has no entries");
  tree.load(root, others);
  return tree;
}

function checkDatabase(text: string, directory: string, compare: Compare): void {
  const wanted = JSON.parse(text) as {
    readonly file: string;
    readonly entries: readonly (RecordedEntry & {
      readonly path: string;
      readonly size: number;
      readonly index_digest: string;
      readonly digest_with_inode: string;
    })[];
    readonly index_hex: string;
    readonly db_checksum: string;
  };
  const scratch = mkdtempSync(join(tmpdir(), "quorate-conform-"));
  try {
    const path = join(scratch, "config.db");
    copyFileSync(join(directory, wanted.file), path);
    const { database, tree } = loadDatabase(path, { now: 0 });
    database.close();
    compare("number of entries", tree.entryCount, wanted.entries.length);
    for (const want of wanted.entries) {
      const entry = tree.entry(want.inode);
      if (entry === undefined) {
        compare(`inode ${want.inode}`, undefined, want.path);
        continue;
      }
      const { inode, parent, version, writer, mtime, type, path: wantPath, size } = want;
      const got = { inode, parent: entry.parent, version: entry.version, writer: entry.writer, mtime: entry.mtime };
      const shown = { ...got, type: typeOf(entry), path: tree.pathOf(inode), size: sizeOf(entry) };
      compare(`inode ${inode}`, shown, { inode, parent, version, writer, mtime, type, path: wantPath, size });
      if (inode !== ROOT_INODE) compare(`content of inode ${inode}`, entry.data?.toString("utf8") ?? "", want.data);
      compare(`index digest of inode ${inode}`, indexDigest(entry).toString("hex"), want.index_digest);
      compare(`digest of inode ${inode}`, lockDigest(entry).toString("hex"), want.digest_with_inode);
    }
    compare("index", encodeIndex(tree).toString("hex"), wanted.index_hex);
    compare("digest of the whole tree", treeDigest(tree).toString("hex"), wanted.db_checksum);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function checkTreeDigest(text: string, _directory: string, compare: Compare): void {
  const { fields, hex } = JSON.parse(text) as { fields: { entries: RecordedEntry[] }; hex: string };
  compare("digest", treeDigest(treeOf(fields.entries)).toString("hex"), hex);
}

function checkEntryDigest(text: string, _directory: string, compare: Compare): void {
  const { fields } = JSON.parse(text) as {
    fields: { entry: RecordedEntry; index_digest: string; lock_style_digest: string };
  };
  const entry = entryOf(fields.entry);
  compare("index digest", indexDigest(entry).toString("hex"), fields.index_digest);
  compare("lock digest", lockDigest(entry).toString("hex"), fields.lock_style_digest);
}

function checkIndex(text: string, _directory: string, compare: Compare): void {
  const { fields, hex } = JSON.parse(text) as { fields: { entries: RecordedEntry[] }; hex: string };
  compare("index", encodeIndex(treeOf(fields.entries)).toString("hex"), hex);
}

function checkFnv(text: string, _directory: string, compare: Compare): void {
  const { fields } = JSON.parse(text) as { fields: { string: string; hex: string }[] };
  for (const one of fields) compare(`"${one.string}"`, fnv1a64(one.string).toString(16).padStart(16, "0"), one.hex);
}

interface RecordedLogEntry {
  readonly uid: number;
  readonly time: number;
  readonly pid: number;
  readonly priority: number;
  readonly node: string;
  readonly ident: string;
  readonly tag: string;
  readonly msg: string;
}

function logEntryOf({ uid, time, pid, priority, node, ident, tag, msg }: RecordedLogEntry): LogEntry {
  return {
    uid,
    time,
    pid,
    priority,
    node,
    ident,
    tag,
    message: msg,
    nodeDigest: fnv1a64(node),
    identDigest: fnv1a64(ident),
  };
}

/** JSON has no big integers. */
function plain(entry: LogEntry | undefined): unknown {
  return entry && { ...entry, nodeDigest: entry.nodeDigest.toString(16), identDigest: entry.identDigest.toString(16) };
}

function checkLogMessage(text: string, _directory: string, compare: Compare): void {
  const { fields, hex } = JSON.parse(text) as { fields: RecordedLogEntry; hex: string };
  compare("encoded", encodeLogEntry(logEntryOf(fields)).toString("hex"), hex);
  compare("decoded", plain(decodeLogEntry(Buffer.from(hex, "hex"))), plain(logEntryOf(fields)));
}

function checkLogBuffer(text: string, _directory: string, compare: Compare): void {
  const { fields, hex, length } = JSON.parse(text) as {
    fields: { entries_newest_first: RecordedLogEntry[] };
    hex: string;
    length: number;
  };
  const buffer = Buffer.alloc(length);
  buffer.write(hex, "hex");
  const entries = fields.entries_newest_first.toReversed().map(logEntryOf);
  compare("encoded", encodeLogBuffer(entries).equals(buffer), true);
  compare("decoded", decodeLogBuffer(buffer)?.map(plain), entries.map(plain));
}
