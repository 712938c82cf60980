const FIRST_MS = 1_000;
const LONGEST_MS = 15_000;

/** How long to wait before the nth try to connect again, from 1 on. */
export function backOffMs(attempt: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, attempt - 1));
}
