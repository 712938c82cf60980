/** `<run>/<daemon>.json`: which process is a daemon. Pid and start time name it, so a reused pid is never taken for it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isProcessAlive, processStartTicks } from "../os/process-identity.ts";

export interface PidRecord {
  readonly pid: number;
  readonly startTicks: number;
  /** Directory of the release that it runs. */
  readonly release: string;
  /** Epoch milliseconds. */
  readonly since: number;
}

export class PidFiles {
  readonly #directory: string;

  /** @param directory the layout's `quorateRun`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @returns the daemon's live process, else undefined. */
  live(name: string): PidRecord | undefined {
    const record = parseRecord(this.#read(name));
    return record !== undefined && isProcessAlive(record.pid, record.startTicks) ? record : undefined;
  }

  /** @returns undefined when the process has ended already. */
  write(name: string, pid: number, facts: { readonly release: string; readonly since: number }): PidRecord | undefined {
    const startTicks = processStartTicks(pid);
    if (startTicks === undefined) return undefined;
    const record: PidRecord = { pid, startTicks, ...facts };
    const path = this.#path(name);
    writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o644 });
    renameSync(`${path}.new`, path);
    return record;
  }

  remove(name: string): void {
    rmSync(this.#path(name), { force: true });
  }

  #path(name: string): string {
    return join(this.#directory, `${name}.json`);
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(this.#path(name), "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }
}

/** @returns undefined for anything that is not a record: a torn file is as good as none. */
export function parseRecord(text: string | undefined): PidRecord | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Torn by a crash: the daemon that it named is found to be missing and started anew.
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, startTicks, release, since } = value as Record<string, unknown>;
  if (typeof pid !== "number" || typeof startTicks !== "number") return undefined;
  if (typeof release !== "string" || typeof since !== "number") return undefined;
  return { pid, startTicks, release, since };
}
