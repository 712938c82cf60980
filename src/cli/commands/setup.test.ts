/** That `up` on a fresh clone, which leaves out development packages, has what it builds the web interface with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_DIR } from "./project.ts";

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
