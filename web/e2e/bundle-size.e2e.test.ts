/** What a browser has to load before the overview can be used, and what each further page costs. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../../src/os/run-command.ts";

const WEB = join(import.meta.dirname, "..");
const FIRST_LOAD_BYTES = 200_000;
const PAGE_BYTES = 60_000;
const BUILD_TIMEOUT_MS = 120_000;
const CONSOLE = /(vnc-screen|terminal-screen)-/;
const START_PAGES = /(overview-page|figure|plot)-/;

interface ManifestEntry {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
  readonly isEntry?: boolean;
}

interface Chunk {
  readonly bytes: number;
  readonly imports: readonly string[];
}

describe("the built interface", () => {
  let dist: string;
  let chunks: ReadonlyMap<string, Chunk>;
  let entry: string;
  let styles = 0;

  beforeAll(async () => {
    dist = await mkdtemp(join(tmpdir(), "quorate-web-"));
    const vite = join(WEB, "../node_modules/vite/bin/vite.js");
    await runCommand([process.execPath, vite, "build", "--manifest", "--outDir", dist, "--logLevel", "error"], {
      timeoutMs: BUILD_TIMEOUT_MS,
      cwd: WEB,
    });
    const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8")) as Record<
      string,
      ManifestEntry
    >;
    const size = (file: string): number => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;
    const scripts = Object.values(manifest).filter(({ file }) => file.endsWith(".js"));
    chunks = new Map(
      scripts.map(({ file, imports = [] }) => [
        file,
        { bytes: size(file), imports: imports.map((key) => manifest[key]?.file ?? "") },
      ]),
    );
    const start = scripts.find(({ isEntry }) => isEntry === true);
    entry = start?.file ?? "";
    styles = (start?.css ?? []).reduce((sum, file) => sum + size(file), 0);
  }, BUILD_TIMEOUT_MS);
  afterAll(async () => await rm(dist, { recursive: true, force: true }));

  /** A chunk with all that it cannot do without. */
  function closure(names: readonly string[]): ReadonlySet<string> {
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      for (const next of chunks.get(name)?.imports ?? []) visit(next);
    };
    for (const name of names) visit(name);
    return seen;
  }
  const bytesOf = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + (chunks.get(name)?.bytes ?? 0), 0);
  const named = (pattern: RegExp): string[] => [...chunks.keys()].filter((name) => pattern.test(name));

  test("the overview is there after at most 200 kB", () => {
    const names = closure([entry, ...named(START_PAGES)]);
    expect(names.size).toBeGreaterThan(3);
    expect(styles).toBeGreaterThan(0);
    expect(bytesOf(names) + styles).toBeLessThanOrEqual(FIRST_LOAD_BYTES);
  });

  test("no further page costs more than 60 kB, the consoles apart", () => {
    const first = closure([entry, ...named(START_PAGES)]);
    const heavy = [...chunks.keys()]
      .filter((name) => !first.has(name) && !CONSOLE.test(name))
      .map((name) => ({ name, bytes: bytesOf([...closure([name])].filter((one) => !first.has(one))) }))
      .filter(({ bytes }) => bytes > PAGE_BYTES);
    expect(heavy).toEqual([]);
  });

  test("nothing is inline, and nothing comes from elsewhere", () => {
    const html = readFileSync(join(dist, "index.html"), "utf8");
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(html).not.toMatch(/\son\w+=/);
  });
});
