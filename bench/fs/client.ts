/**
 * A program that uses a mounted directory, one system call after the other, as fast as it can. Calls go through koffi:
 * its share (about 0.2 µs a call) is part of every figure. Runs as a process of its own.
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";

const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
const libc = koffi.load("libc.so.6");
const open = libc.func("int open(const void *path, int flags, int mode)");
const read = libc.func("long read(int fd, void *buf, size_t count)");
const write = libc.func("long write(int fd, const void *buf, size_t count)");
const close = libc.func("int close(int fd)");
const stat = libc.func("int stat(const void *path, void *buf)");
const unlink = libc.func("int unlink(const void *path)");

const O_WRONLY = 1;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;
const FILE_MODE = 0o640;
const FILE_BYTES = 200;
/** Calls between two looks at the clock, where a call is about as quick as the clock. */
const QUICK_BATCH = 16;

export type ClientJob =
  /** One file again and again. */
  | { readonly kind: "stat" | "read" | "overwrite"; readonly path: string; readonly count: number }
  /** Makes the file that other jobs use. */
  | { readonly kind: "overwrite-once"; readonly path: string }
  /** New files, removed afterwards. */
  | { readonly kind: "create"; readonly path: string; readonly count: number }
  /** Each of the files once: nothing of them is in any cache. */
  | { readonly kind: "stat-each" | "read-each"; readonly paths: readonly string[] }
  | { readonly kind: "list"; readonly path: string; readonly count: number }
  /** Names that do not exist. */
  | { readonly kind: "ask-in-vain"; readonly path: string; readonly count: number }
  /** Until the process is killed; answers when it has begun. */
  | { readonly kind: "read-on"; readonly paths: readonly string[] }
  | { readonly kind: "overwrite-on"; readonly path: string };

export interface ClientFigures {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly perSecond: number;
}

const statBuffer = Buffer.alloc(256);
const readBuffer = Buffer.alloc(4096);
const content = Buffer.alloc(FILE_BYTES, "b");

function cString(path: string): Buffer {
  return Buffer.from(`${path}\0`);
}

function check(call: string, result: number | bigint, path: Buffer): void {
  if (Number(result) < 0) throw new Error(`${call} ${path.toString()}: errno ${koffi.errno()}`);
}

function statFile(path: Buffer): void {
  check("stat", stat(path, statBuffer), path);
}

function readFile(path: Buffer): void {
  const fd = open(path, 0, 0);
  check("open", fd, path);
  check("read", read(fd, readBuffer, readBuffer.length), path);
  close(fd);
}

function writeFile(path: Buffer, flags: number): void {
  const fd = open(path, O_WRONLY | flags, FILE_MODE);
  check("open", fd, path);
  check("write", write(fd, content, content.length), path);
  close(fd);
}

/** Times `calls` batches. */
function measure(batches: number, batchSize: number, call: (index: number) => void): ClientFigures {
  const times = new Float64Array(batches);
  const begin = performance.now();
  let before = begin;
  for (let batch = 0; batch < batches; batch += 1) {
    for (let i = 0; i < batchSize; i += 1) call(batch * batchSize + i);
    const now = performance.now();
    times[batch] = ((now - before) * 1000) / batchSize;
    before = now;
  }
  const seconds = (before - begin) / 1000;
  times.sort();
  const at = (share: number): number => times[Math.min(batches - 1, Math.floor(batches * share))] ?? Number.NaN;
  return { p50Us: at(0.5), p99Us: at(0.99), perSecond: (batches * batchSize) / seconds };
}

function quickly(count: number, call: () => void): ClientFigures {
  for (let i = 0; i < count / 10; i += 1) call();
  return measure(Math.ceil(count / QUICK_BATCH), QUICK_BATCH, call);
}

function run(job: ClientJob): ClientFigures {
  switch (job.kind) {
    case "stat": {
      const path = cString(job.path);
      return quickly(job.count, () => statFile(path));
    }
    case "read": {
      const path = cString(job.path);
      return quickly(job.count, () => readFile(path));
    }
    case "overwrite": {
      const path = cString(job.path);
      return measure(job.count, 1, () => writeFile(path, O_TRUNC));
    }
    case "overwrite-once":
      return measure(1, 1, () => writeFile(cString(job.path), O_CREAT | O_TRUNC));
    case "create": {
      const paths = Array.from({ length: job.count }, (_, i) => cString(`${job.path}-${i}`));
      const pick = (index: number): Buffer => paths[index] ?? content;
      const figures = measure(job.count, 1, (index) => writeFile(pick(index), O_CREAT));
      for (const path of paths) check("unlink", unlink(path), path);
      return figures;
    }
    case "stat-each":
    case "read-each": {
      const paths = job.paths.map(cString);
      const call = job.kind === "stat-each" ? statFile : readFile;
      return measure(paths.length, 1, (index) => call(paths[index] ?? content));
    }
    case "list":
      return measure(job.count, 1, () => readdirSync(job.path));
    case "ask-in-vain":
      return measure(job.count, 1, (index) => {
        stat(cString(`${job.path}-${index}-${Math.random()}`), statBuffer);
      });
    case "read-on":
    case "overwrite-on": {
      process.send?.({});
      const paths = job.kind === "read-on" ? job.paths.map(cString) : [cString(job.path)];
      for (let i = 0; ; i += 1) {
        const path = paths[i % paths.length] ?? content;
        if (job.kind === "read-on") readFile(path);
        else writeFile(path, O_CREAT | O_TRUNC);
      }
    }
    default:
      return job satisfies never;
  }
}

process.on("message", (job: ClientJob) => process.send?.(run(job)));
