/** Disk sizes as config files and parameters write them: a number with a unit of powers of 1024. */

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** @returns bytes, or undefined when the text is no size. `1.5T` and `4GiB` are sizes; no unit means bytes. */
export function parseDiskSize(text: string): number | undefined {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)([KMGT])?(?:iB)?$/.exec(text) ?? [];
  const factor = UNITS[unit];
  return amount === undefined || factor === undefined ? undefined : Math.floor(Number(amount) * factor);
}

/** The largest unit that divides the byte count exactly: `4G`, `1536G`, `512M`, `1000`. */
export function formatDiskSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"]) {
    const factor = UNITS[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}
