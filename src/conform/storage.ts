/**
 * Storage names, paths, listings, limits and retention against recorded cases. Each file of the folder says by its
 * name what its cases are; files of other rooms are passed over.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../errors/quorate-error.ts";
import { archiveInfo } from "../storage/backup-names.ts";
import { bandwidthLimit } from "../storage/bandwidth-limit.ts";
import { bandwidthLimitsOf, parseBandwidthLimits, readStorageConfig } from "../storage/config.ts";
import { listDirectory } from "../storage/dir-listing.ts";
import { filePathOf, folderOf } from "../storage/dir-paths.ts";
import { pathToVolume } from "../storage/path-to-volume.ts";
import type { StorageEntry } from "../storage/port.ts";
import { planPruning } from "../storage/prune.ts";
import { checkVolumeAccess } from "../storage/volume-access.ts";
import { matchVolumeId, parseDirVolname } from "../storage/volume-names.ts";
import type { Report } from "./api.ts";

type Json = Readonly<Record<string, unknown>>;
type Cases = Json & { readonly cases: readonly Json[] };
/** @returns what the case comes to, in the form of its `expect`. */
type Evaluate = (one: Json, file: Cases) => unknown;

const EVALUATORS: Readonly<Record<string, Evaluate>> = {
  archive_info: evaluateArchiveInfo,
  bwlimit: evaluateLimit,
  filesystem_path: evaluatePath,
  get_subdir: (one) => ({ path: folderOf(entryOf(one.storage as Json), String(one.vtype)) }),
  list_volumes: evaluateListing,
  parse_volname: evaluateVolname,
  path_to_volume_id: evaluatePathToVolume,
  prune_backups: evaluatePruning,
};

export async function run(dirOrFile: string, report: Report): Promise<void> {
  const files = statSync(dirOrFile).isDirectory()
    ? readdirSync(dirOrFile)
        .filter((name) => name.endsWith(".json"))
        .sort()
        .map((name) => join(dirOrFile, name))
    : [dirOrFile];
  for (const path of files) {
    const name = basename(path, ".json");
    // The files' form is what their README says.
    const file = JSON.parse(readFileSync(path, "utf8")) as Cases;
    if (file.TZ === "UTC") process.env.TZ = "UTC";
    if (name === "volume_access") checkAccessCases(file, report);
    const evaluate = EVALUATORS[name];
    if (evaluate === undefined) continue;
    for (const one of file.cases) {
      const got = await outcomeOf(async () => evaluate(one, file));
      const ok = isDeepStrictEqual(got, one.expect);
      report(`${name}: ${one.name}`, ok, `want ${JSON.stringify(one.expect)}\ngot  ${JSON.stringify(got)}`);
    }
  }
}

async function outcomeOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function entryOf(section: Json): StorageEntry {
  const content = String(section.content ?? "").split(",");
  const storage = String(section.storeid ?? "local");
  return { storage, type: "dir", content: new Set(content), isShared: false, isEnabled: true, options: section };
}

function evaluateArchiveInfo(one: Json): unknown {
  const { isStandardName, logName, notesName, ...info } = archiveInfo(String(one.archive));
  return {
    ...info,
    is_std_name: isStandardName ? 1 : 0,
    ...(logName === undefined ? {} : { logfilename: logName, notesfilename: notesName }),
  };
}

function evaluateVolname(one: Json): unknown {
  const { base, isBase, vmid, ...parsed } = parseDirVolname(String(one.volname));
  return {
    ...parsed,
    vmid: vmid === undefined ? null : String(vmid),
    basename: base?.name ?? null,
    basevmid: base === undefined ? null : String(base.vmid),
    isBase: isBase ? "base-" : null,
  };
}

function evaluatePath(one: Json, file: Cases): unknown {
  const volume = parseDirVolname(String(one.volname));
  const snapshot = one.snapname === null ? undefined : String(one.snapname);
  return {
    path: filePathOf(entryOf(file.storage as Json), volume, snapshot),
    vmid: volume.vmid === undefined ? null : String(volume.vmid),
    vtype: volume.vtype,
  };
}

function evaluateLimit(one: Json, file: Cases): unknown {
  const text = Buffer.from(String(file["storage.cfg"]));
  const { entries } = readStorageConfig({ data: text, digest: "", mtime: 0, version: 0n });
  const rights = (file.permissions as Record<string, Record<string, string[]>>)[String(one.user)];
  const limit = bandwidthLimit(
    {
      operation: String(one.operation),
      storages: (one.storages as (string | null)[]).map((name) => name ?? undefined),
      override: one.override === null ? undefined : Number(one.override),
    },
    {
      limitsOf: (storage) => {
        const entry = entries.get(storage);
        return entry === undefined ? undefined : bandwidthLimitsOf(entry);
      },
      datacenter: parseBandwidthLimits(
        String(file["datacenter.cfg"])
          .replace(/^bwlimit: /, "")
          .trim(),
      ),
      hasPrivilege: (path, privilege) =>
        one.user === "root@pam" ||
        Object.entries(rights ?? {}).some(([at, privileges]) => covers(at, path) && privileges.includes(privilege)),
    },
  );
  return limit ?? null;
}

function covers(at: string, path: string): boolean {
  return at === "/" || at === path || path.startsWith(`${at}/`);
}

function evaluatePruning(one: Json, file: Cases): unknown {
  const lists = file.lists as Record<string, { volid: string; ctime: number; vmid?: number; protected?: number }[]>;
  const backups = (lists[String(one.list)] ?? [])
    .filter(({ vmid }) => one.vmid === null || vmid === one.vmid)
    .filter(({ volid }) => one.type === null || volid.includes(`vzdump-${one.type}-`))
    .map(({ protected: isProtected, ...backup }) => ({ ...backup, isProtected: isProtected === 1 }));
  return planPruning(backups, one.keep as Record<string, number>);
}

const MOCK = { size: 131_072, used: 262_144, ctime: 1_234_567_890 } as const;

async function evaluateListing(one: Json, file: Cases): Promise<unknown> {
  const dir = mkdtempSync(join(tmpdir(), "quorate-conform-"));
  try {
    const files = (one.files as string[]).map((path) => path.replace("<dir>", dir));
    const parents = one.parent as (string | null)[] | null;
    for (const path of files) makeFile(path, MOCK.size);
    const guests = file.guests as Record<string, string>;
    const listed = await listDirectory(
      entryOf({ ...(file.storage as Json), path: dir }),
      {
        contents: ["rootdir", "images", "vztmpl", "iso", "backup", "snippets"],
        ...(one.vmid === null ? {} : { vmid: Number(one.vmid) }),
        isContainer: (vmid) => guests[vmid] === "lxc",
      },
      async (path, format) => {
        const backing = parents?.[files.indexOf(path.replace(/\/$/, ""))] ?? undefined;
        const { size: sizeBytes, used: usedBytes, ctime } = MOCK;
        return { format, sizeBytes, usedBytes, ctime, ...(backing === undefined ? {} : { backing }) };
      },
    );
    return listed.map(({ vmid, ctime, ...volume }) => ({
      ...volume,
      // A plain file's time is that of its making, just now.
      ctime: ctime !== undefined && ctime > Date.now() / 1000 - 3600 ? MOCK.ctime : ctime,
      ...(vmid === undefined ? {} : { vmid: String(vmid) }),
    }));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function evaluatePathToVolume(one: Json, file: Cases): Promise<unknown> {
  const dir = mkdtempSync(join(tmpdir(), "quorate-conform-"));
  try {
    const path = String(one.path).replace("<dir>", dir);
    if (one.isDirectory === true) mkdirSync(path, { recursive: true });
    else makeFile(path, 0);
    const entries = Object.entries(file.storage as Record<string, Json>).map(([storeid, section]) =>
      entryOf({ ...section, storeid, path: dir }),
    );
    return (await pathToVolume(path, entries)) ?? null;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function makeFile(path: string, size: number): void {
  mkdirSync(dirname(path), { recursive: true });
  if (path.endsWith("/") || path.endsWith(".subvol")) return void mkdirSync(path, { recursive: true });
  writeFileSync(path, "");
  truncateSync(path, size);
}

/** Each user, with each wanted content: refused users are refused whatever is wanted, root only the wrong content. */
function checkAccessCases(file: Cases, report: Report): void {
  const has = rightsOf(String(file["user.cfg"]));
  for (const one of file.cases) {
    const volid = String(one.volid);
    const id = matchVolumeId(volid);
    const volume = id === undefined ? undefined : { storage: id.storage, ...parseDirVolname(id.volname) };
    const vmid = one.vmid === null ? {} : { vmid: Number(one.vmid) };
    const allows = (authid: string, wanted?: string): boolean => {
      const asked = { authid, volid, volume, ...vmid, ...(wanted === undefined ? {} : { wanted }) };
      return checkVolumeAccess({ has }, asked).kind === "allowed";
    };
    const denied = (file.users as string[]).filter((user) => !allows(user)).sort();
    const types = (file.types as string[]).filter((type) => allows("root@pam", type)).sort();
    const ok = isDeepStrictEqual(denied, one.deniedUsers) && isDeepStrictEqual(types, one.typesAllowedForRoot);
    report(`volume_access: ${one.name}`, ok, `denied ${JSON.stringify(denied)}, types ${JSON.stringify(types)}`);
  }
}

/** The few lines of user.cfg that the cases use. */
function rightsOf(userCfg: string): (authid: string, path: string, privileges: readonly string[]) => boolean {
  const lines = userCfg.split("\n").map((line) => line.split(":"));
  const roles = new Map(
    lines.filter(([kind]) => kind === "role").map(([, role, list]) => [role, list?.split(",") ?? []]),
  );
  const grants = lines.filter(([kind]) => kind === "acl");
  return (authid, path, privileges) => {
    if (authid === "root@pam") return true;
    const held = grants
      .filter(([, , at, user]) => user === authid && at !== undefined && covers(at, path))
      .flatMap(([, , , , role]) => roles.get(role) ?? []);
    return privileges.every((privilege) => held.includes(privilege));
  };
}
