/** The machine's own small config files that the API changes: pure texts, and replacing a file in one step. */
import { constants, existsSync, readFileSync, realpathSync } from "node:fs";
import { copyFile, open, rename, rm } from "node:fs/promises";
import { relative } from "node:path";
import { messageOf, QuorateError } from "../errors/quorate-error.ts";
import type { Layout } from "../os/layout.ts";

export interface Resolver {
  readonly search: string;
  readonly servers: readonly string[];
}

/** The file is as before. Errors of writing do not say themselves which file it was. */
export class MachineFileError extends QuorateError {
  readonly code = "machine-file";

  constructor(path: string, cause: unknown) {
    super(`cannot write ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** resolv.conf(5) with the name servers and search list replaced; everything else of `text` stays. */
export function printResolver(text: string, { search, servers }: Resolver): string {
  const kept = text.split("\n").filter((line) => !/^\s*(search|domain|nameserver)(\s|$)/.test(line));
  while (kept.at(-1) === "") kept.pop();
  return [`search ${search}`, ...servers.map((server) => `nameserver ${server}`), ...kept]
    .map((line) => `${line}\n`)
    .join("");
}

/**
 * Writes `text` in place of the file's content: in one step where the file can be replaced, else (a file that is
 * mounted by itself, as containers have them) into the file.
 */
export async function replaceFile(path: string, text: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.tmp.${process.pid}`;
  try {
    await writeDurably(temporary, text, mode);
    await rename(temporary, path).catch(async (error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "EBUSY")) throw error;
      await copyFile(temporary, path);
    });
  } catch (cause) {
    throw new MachineFileError(path, cause);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Name of the machine's time zone: where its zone link leads, else what its zone file says, else UTC. */
export function machineTimezone({
  hostLocaltime,
  hostTimezone,
  hostZoneinfo,
}: Pick<Layout, "hostLocaltime" | "hostTimezone" | "hostZoneinfo">): string {
  if (existsSync(hostLocaltime) && existsSync(hostZoneinfo)) {
    const name = relative(realpathSync(hostZoneinfo), realpathSync(hostLocaltime));
    if (name !== "" && !name.startsWith("..") && isKnownZone(name)) return name;
  }
  const name = existsSync(hostTimezone) ? readFileSync(hostTimezone, "utf8").trim() : "";
  return isKnownZone(name) ? name : "UTC";
}

function isKnownZone(name: string): boolean {
  try {
    return name !== "" && Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    // A RangeError is how this says no.
    return false;
  }
}

/** What a zone's clock is ahead of UTC at `time` (epoch seconds). */
export function utcOffsetSeconds(timezone: string, time: number): number {
  const parts = Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "longOffset" }).formatToParts(
    time * 1000,
  );
  const text = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes, seconds] = /^GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0);
  return sign === "-" ? -offset : offset;
}
