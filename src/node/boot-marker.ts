/**
 * Remembers that the node's guests were started at this boot, so that a supervisor that is started again does not start
 * guests which somebody has stopped meanwhile. Stopping the node forgets it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootId } from "../os/boot-id.ts";
import type { Layout } from "../os/layout.ts";

function markerPath({ quorateRun }: Layout): string {
  return join(quorateRun, "guests-started");
}

export function wereGuestsStarted(layout: Layout): boolean {
  try {
    return readFileSync(markerPath(layout), "utf8").trim() === bootId();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

export function rememberGuestsStarted(layout: Layout): void {
  mkdirSync(layout.quorateRun, { recursive: true });
  writeFileSync(markerPath(layout), `${bootId()}\n`);
}

export function forgetGuestsStarted(layout: Layout): void {
  rmSync(markerPath(layout), { force: true });
}
