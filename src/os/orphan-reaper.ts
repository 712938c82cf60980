/**
 * The first process of a container (pid 1) inherits every orphan and must take leave of it, or the dead stay in the
 * process table for ever. Node does so for its own children only; this does it for the others.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const LOOK_EVERY_MS = 5_000;
// waitpid(2)
const WNOHANG = 1;

/** Looks for dead orphans from time to time. Does nothing where this process is not the first. @returns ends it. */
export function reapOrphans({ isFirst = process.pid === 1, everyMs = LOOK_EVERY_MS } = {}): () => void {
  if (!isFirst) return () => {};
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  const waitpid = koffi.load("libc.so.6").func("int waitpid(int pid, void *status, int options)");
  let before: ReadonlySet<number> = new Set();
  const timer = setInterval(() => {
    // Node waits for its own children at once, when the signal comes: who was dead already at the last look is not its.
    const dead = new Set(deadChildren());
    for (const pid of dead) if (before.has(pid)) waitpid(pid, null, WNOHANG);
    before = dead;
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Children of this process that ended and that nobody has waited for. */
function deadChildren(): number[] {
  const threads = readdirSync("/proc/self/task");
  const pids = threads.flatMap((thread) => readText(`/proc/self/task/${thread}/children`).split(" ").filter(Boolean));
  return pids.map(Number).filter((pid) => {
    const stat = readText(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  });
}

/** Empty for a thread or process that has gone meanwhile. */
function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return "";
    throw error;
  }
}
