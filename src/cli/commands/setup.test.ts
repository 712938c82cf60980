/** That `up` on a fresh machine brings what a node needs: to build the web interface, and to work. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_DIR } from "./project.ts";
import { NODE_PARTS } from "./setup.ts";

/** Every Debian has them. */
const ESSENTIAL = ["gzip"];

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

test("the interface is built with what an installation without development packages brings", () => {
  const { packages } = JSON.parse(readFileSync(join(PROJECT_DIR, "package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, Locked>>;
  };
  const configuration = readFileSync(join(PROJECT_DIR, "web/vite.config.ts"), "utf8");
  const imported = [...configuration.matchAll(/from "([^"]+)"/g)].flatMap(([, name]) => name ?? []);
  expect(imported).toContain("vite");

  const left: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const locked = packages[`node_modules/${name}`];
    if (locked === undefined || locked.dev === true || locked.devOptional === true) left.push(name);
    for (const next of Object.keys(locked?.dependencies ?? {})) visit(next);
  };
  for (const name of imported) visit(name);
  expect(left).toEqual([]);
});

test("what guests' drives and downloads are made with is named with the rest that a node needs", () => {
  const sources = ["src/guests/qemu/cloudinit/drive.ts", "src/storage/download.ts"].map((path) =>
    readFileSync(join(PROJECT_DIR, path), "utf8"),
  );
  const programs = sources
    .flatMap((text) => [...text.matchAll(/argv(?:: | = )\["([a-z0-9]+)"/g)])
    .map(([, name]) => name);
  expect(programs).toEqual(expect.arrayContaining(["genisoimage", "zstd"]));
  const known = new Set([...NODE_PARTS.map(({ program }) => program), ...ESSENTIAL]);
  expect(programs.filter((name) => !known.has(name))).toEqual([]);
});
