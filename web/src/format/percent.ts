/** Shares between 0 and 1. */
export function formatPercent(share: number): string {
  return `${Math.round(share * 100)}\u00a0%`;
}

/** From where on a bar warns, and from where it alarms. */
const WARN_FROM = 0.8;
const BAD_FROM = 0.95;

export type FillLevel = "ok" | "warn" | "bad";

export function fillLevel(share: number): FillLevel {
  if (share >= BAD_FROM) return "bad";
  return share >= WARN_FROM ? "warn" : "ok";
}
