import type { Shape } from "../parts/icon.tsx";
import type { VerdictLevel } from "./verdict.ts";

export const LEVEL_SHAPE: Readonly<Record<VerdictLevel, Shape>> = {
  ok: "ok",
  warn: "warn",
  bad: "bad",
  unknown: "unknown",
};
