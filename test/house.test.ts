/** The house's rules that no compiler checks: who may import whom, names, sizes, and that texts name only what exists. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const PROJECT = join(import.meta.dirname, "..");
const SOURCE = join(PROJECT, "src");

function filesBelow(directory: string, suffix: RegExp): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.name === "node_modules" || entry.name === "dist") return [];
    return entry.isDirectory() ? filesBelow(path, suffix) : suffix.test(entry.name) ? [path] : [];
  });
}

const sources = filesBelow(SOURCE, /\.ts$/);
const shipped = sources.filter((path) => !/\.(test|testing)\.ts$/.test(path));
const textOf = new Map(sources.map((path) => [path, readFileSync(path, "utf8")]));

function importsOf(path: string): string[] {
  const text = textOf.get(path) ?? "";
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].flatMap(([, name]) => name ?? []);
}

/** The room of a file below src: `cfs`, `guests`, `os`. */
function roomOf(path: string): string {
  return relative(SOURCE, path).split("/")[0] ?? "";
}

/** Lower rooms never know higher ones. Equal numbers may know each other. */
const LEVELS: Readonly<Record<string, number>> = {
  errors: 0,
  log: 0,
  os: 1,
  "section-config": 2,
  rest: 2,
  cfs: 2,
  access: 3,
  tasks: 3,
  storage: 4,
  guests: 4,
  stats: 4,
  cluster: 4,
  node: 4,
  supervisor: 5,
  daemons: 6,
  cli: 7,
  conform: 7,
};

/** Exceptions, each with its reason. The list may only shrink. */
const KNOWN_UPWARD: Readonly<Record<string, string>> = {
  "rest -> access": "the ports of access control are types that a dispatcher needs",
};

describe("imports", () => {
  const edges = shipped.flatMap((from) =>
    importsOf(from)
      .filter((name) => name.startsWith("."))
      .map((name) => ({ from, to: resolve(dirname(from), name) }))
      .filter(({ to }) => to.startsWith(`${SOURCE}/`)),
  );

  test("every room has a level", () => {
    expect([...new Set(shipped.map(roomOf))].filter((room) => LEVELS[room] === undefined)).toEqual([]);
  });

  test("no room knows a higher one", () => {
    const wrong = edges
      .filter(({ from, to }) => (LEVELS[roomOf(from)] ?? 0) < (LEVELS[roomOf(to)] ?? 0))
      .filter(({ from, to }) => KNOWN_UPWARD[`${roomOf(from)} -> ${roomOf(to)}`] === undefined)
      .map(({ from, to }) => `${relative(SOURCE, from)} imports ${relative(SOURCE, to)}`);
    expect(wrong).toEqual([]);
  });

  test("each exception is still needed", () => {
    const used = new Set(edges.map(({ from, to }) => `${roomOf(from)} -> ${roomOf(to)}`));
    expect(Object.keys(KNOWN_UPWARD).filter((edge) => !used.has(edge))).toEqual([]);
  });

  test("only os/ starts processes", () => {
    const wrong = shipped
      .filter((path) => !["os"].includes(roomOf(path)))
      .filter((path) => /from "node:child_process"/.test((textOf.get(path) ?? "").replace(/import type [^;]*;/g, "")));
    expect(wrong.map((path) => relative(SOURCE, path))).toEqual([]);
  });

  test("FFI is called in os/ and in the kernel's and corosync's rooms of cfs/ only", () => {
    const wrong = shipped
      .filter((path) => /["']koffi["']/.test(textOf.get(path) ?? ""))
      .map((path) => relative(SOURCE, path))
      .filter((path) => !/^(os|cfs\/fuse|cfs\/corosync)\//.test(path));
    expect(wrong).toEqual([]);
  });

  test("pure cores do no I/O and know no clock or chance", () => {
    const cores = /^(cfs\/tree|guests\/qemu\/builder|guests\/config|section-config)\//;
    const forbidden = /from "node:(fs|net|child_process|http|https|os|timers)[/"]|Date\.now\(|Math\.random\(/;
    const wrong = shipped
      .map((path) => relative(SOURCE, path))
      .filter((path) => cores.test(path) && forbidden.test(textOf.get(join(SOURCE, path)) ?? ""));
    expect(wrong).toEqual([]);
  });
});

describe("files", () => {
  /** A file has one subject; these have a reason to be long. */
  const LONG: Readonly<Record<string, string>> = {
    "cfs/fuse/server.ts": "one request handler for each operation of the kernel protocol",
    "cfs/replica.ts": "the four moments of a change in one place",
    "access/api/user-methods.ts": "declarations of one path family",
    "access/api/group-methods.ts": "declarations of groups, roles and rights",
    "guests/qemu/api/power-methods.ts": "declarations of one path family",
    "node/methods.ts": "declarations of one path family",
  };
  const MAX_LINES = 500;

  test("none is longer than 500 lines without a reason", () => {
    const long = shipped
      .filter((path) => (textOf.get(path) ?? "").split("\n").length > MAX_LINES)
      .map((path) => relative(SOURCE, path))
      .filter((path) => LONG[path] === undefined && !path.includes("-properties") && !path.includes("/schema"));
    expect(long).toEqual([]);
  });

  test("no drawer: names say what is inside", () => {
    const drawers = sources
      .map((path) => relative(SOURCE, path))
      .filter((path) => /(^|\/)(utils?|helpers?|common|misc|lib)(\.ts|\/)/.test(path));
    expect(drawers).toEqual([]);
  });

  test("file names are kebab-case", () => {
    const wrong = sources.map((path) => relative(SOURCE, path)).filter((path) => !/^[a-z0-9./-]+$/.test(path));
    expect(wrong).toEqual([]);
  });

  test("each room has a README", () => {
    const rooms = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rooms.map(({ name }) => name).filter((name) => !existsSync(join(SOURCE, name, "README.md")))).toEqual([]);
  });

  test("no test is left out or alone", () => {
    const tests = [...filesBelow(SOURCE, /\.test\.ts$/), ...filesBelow(join(PROJECT, "test"), /\.test\.ts$/)];
    const marker = new RegExp(`\\b(test|it|describe)\\.(${["on", "ly"].join("")}|${["to", "do"].join("")})\\b`);
    expect(tests.filter((path) => marker.test(readFileSync(path, "utf8")))).toEqual([]);
  });
});

describe("documents", () => {
  const documents = [
    ...["README.md", "CONTRIBUTING.md"].map((name) => join(PROJECT, name)),
    ...filesBelow(join(PROJECT, "docs"), /\.md$/),
    ...filesBelow(SOURCE, /\.md$/),
  ];

  test.each(documents.map((path) => [relative(PROJECT, path)]))("%s links to nothing that is missing", (name) => {
    const path = join(PROJECT, name);
    const links = [...readFileSync(path, "utf8").matchAll(/\]\(([^)#]+)[^)]*\)/g)].flatMap(
      ([, target]) => target ?? [],
    );
    const missing = links.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(resolve(dirname(path), target)));
    expect(missing).toEqual([]);
  });

  test("comments and documents name no source file that is missing", () => {
    const names = new Set(sources.map((path) => relative(PROJECT, path)));
    const missing: string[] = [];
    for (const path of [...sources, ...documents]) {
      for (const [, named] of readFileSync(path, "utf8").matchAll(/\b(src\/[a-z0-9./-]+\.ts)\b/g)) {
        if (named !== undefined && !names.has(named)) missing.push(`${relative(PROJECT, path)}: ${named}`);
      }
    }
    expect(missing).toEqual([]);
  });
});
