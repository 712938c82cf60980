/**
 * A release: the code of one moment in a directory of its own, named by its content. Daemons and their task workers run
 * from it, so a change of the checkout never reaches a running node, and www-data can read it wherever the checkout is.
 */
import { createHash, type Hash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Layout } from "../os/layout.ts";

export interface ReleasePaths {
  readonly directory: string;
  readonly id: string;
  /** Node's binary. */
  readonly node: string;
}

const MARK = ".release";
/** What a release holds besides its packages. */
const PARTS = ["src", "bin", "web/dist", "package.json", "package-lock.json", "quorate"];
const KEPT_RELEASES = 3;
const ID_LENGTH = 16;

/** @param project the checkout, or a release. */
export function releaseId(project: string): string {
  if (existsSync(join(project, MARK))) return readFileSync(join(project, MARK), "utf8").trim();
  const hash = createHash("sha256");
  for (const part of PARTS) if (existsSync(join(project, part))) hashTree(hash, project, part);
  return hash.digest("hex").slice(0, ID_LENGTH);
}

function hashTree(hash: Hash, project: string, part: string): void {
  const path = join(project, part);
  if (!statSync(path).isDirectory()) {
    hash.update(`${part}\0`).update(readFileSync(path)).update("\0");
    return;
  }
  for (const name of readdirSync(path).sort()) if (isShipped(name)) hashTree(hash, project, join(part, name));
}

/** Tests are not part of a release. */
function isShipped(name: string): boolean {
  return !/\.(test|testing)\.tsx?$/.test(name);
}

/**
 * Makes the release of `project` below the layout, unless it is there. Several starts at once make it once: it appears
 * by a rename.
 */
export function ensureRelease(project: string, layout: Layout): ReleasePaths {
  const id = releaseId(project);
  const releases = join(layout.quorateLib, "releases");
  const directory = join(releases, id);
  const node = join(directory, "node");
  if (existsSync(join(directory, MARK))) return { directory, id, node };
  mkdirSync(releases, { recursive: true, mode: 0o755 });
  const draft = join(releases, `.${id}.${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  try {
    fillRelease(project, draft, id);
    try {
      renameSync(draft, directory);
    } catch (error) {
      // Another start was faster: its release is the same.
      if (!existsSync(join(directory, MARK))) throw error;
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return { directory, id, node };
}

function fillRelease(project: string, draft: string, id: string): void {
  mkdirSync(draft, { mode: 0o755 });
  for (const part of PARTS) {
    const from = join(project, part);
    if (!existsSync(from)) continue;
    cpSync(from, join(draft, part), { recursive: true, filter: (path) => isShipped(path), dereference: true });
  }
  for (const name of runtimePackages(project)) {
    cpSync(join(project, "node_modules", name), join(draft, "node_modules", name), {
      recursive: true,
      dereference: true,
    });
  }
  linkOrCopy(process.execPath, join(draft, "node"));
  openToAll(draft);
  writeFileSync(join(draft, MARK), `${id}\n`, { mode: 0o644 });
}

/** The server's packages and theirs, as installed. Optional ones of other platforms are not there. */
export function runtimePackages(project: string): string[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    const manifest = join(project, "node_modules", name, "package.json");
    if (!existsSync(manifest)) return;
    found.add(name);
    const { dependencies, optionalDependencies } = readManifest(manifest);
    for (const next of [...dependencies, ...optionalDependencies]) visit(next);
  };
  for (const name of readManifest(join(project, "package.json")).dependencies) visit(name);
  return [...found].sort();
}

function readManifest(path: string): { dependencies: string[]; optionalDependencies: string[] } {
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  const namesIn = (key: string): string[] => {
    const part = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
    return typeof part === "object" && part !== null ? Object.keys(part) : [];
  };
  return { dependencies: namesIn("dependencies"), optionalDependencies: namesIn("optionalDependencies") };
}

/** The runtime is large and never changed in place, so a link will do where the file system allows one. */
function linkOrCopy(from: string, to: string): void {
  const isReadableByAll = (statSync(from).mode & 0o005) === 0o005;
  try {
    if (isReadableByAll) {
      linkSync(from, to);
      return;
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && ["EXDEV", "EPERM", "EMLINK"].includes(String(error.code)))) {
      throw error;
    }
  }
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

/** Whatever the checkout's modes: www-data must be able to read a release, and nobody to change it. */
function openToAll(path: string): void {
  const { mode } = statSync(path);
  if (statSync(path).isDirectory()) {
    chmodSync(path, 0o755);
    for (const name of readdirSync(path)) openToAll(join(path, name));
  } else if ((mode & 0o004) === 0) {
    chmodSync(path, (mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}

/** Removes old releases but the newest few and those in `inUse` (directories). */
export function pruneReleases(layout: Layout, inUse: ReadonlySet<string>): void {
  const releases = join(layout.quorateLib, "releases");
  const byAge = readdirSync(releases)
    .filter((name) => !name.startsWith("."))
    .map((name) => ({ path: join(releases, name), at: statSync(join(releases, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { path } of byAge.slice(KEPT_RELEASES)) if (!inUse.has(path)) rmSync(path, { recursive: true });
}
