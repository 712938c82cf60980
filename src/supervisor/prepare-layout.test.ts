import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeLayout } from "../os/layout.ts";
import { prepareLayout } from "./prepare-layout.ts";

test("a root where no directory can be made is an error that names it, not an endless attempt", () => {
  const layout = makeLayout({ root: "/proc/quorate-root", nodeName: "n1", isRootUser: false });
  expect(() => prepareLayout(layout)).toThrow(/ENOENT.*mkdir '\/proc\/quorate-root/);
});

test("all directories are made, also where a link points to one that is missing", () => {
  const root = mkdtempSync(join(tmpdir(), "quorate-layout-"));
  try {
    const layout = makeLayout({ root, nodeName: "n1", isRootUser: false });
    symlinkSync("elsewhere/deep", join(root, "run"));
    prepareLayout(layout);
    prepareLayout(layout);
    expect(statSync(layout.quorateLogDir).mode & 0o777).toBe(0o750);
    expect(existsSync(join(root, "elsewhere/deep/quorate"))).toBe(true);
  } finally {
    rmSync(root, { recursive: true });
  }
});
