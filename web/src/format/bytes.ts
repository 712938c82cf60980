/** Amounts of bytes and bits, and the reading of what people type for them. */
const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;
const SI_BITS = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"] as const;
const NARROW_SPACE = "\u00a0";

export interface Amount {
  readonly value: string;
  readonly unit: string;
}

function digits(value: number): string {
  if (value === 0) return "0";
  if (value >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value >= 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value * 100) / 100);
}

function scale(value: number, base: number, units: readonly string[]): Amount {
  let index = 0;
  let scaled = value;
  // Half a step before the next unit, rounding would print 1024 of this one.
  while (Math.abs(scaled) >= base - 0.5 && index < units.length - 1) {
    scaled /= base;
    index += 1;
  }
  return { value: digits(scaled), unit: units[index] ?? "" };
}

/** 17179869184 → 16, GiB. */
export function bytes(count: number): Amount {
  return scale(count, 1024, IEC);
}

export function formatBytes(count: number): string {
  const { value, unit } = bytes(count);
  return `${value}${NARROW_SPACE}${unit}`;
}

export function formatByteRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** Network rates are told in bits. */
export function bitRate(bytesPerSecond: number): Amount {
  return scale(bytesPerSecond * 8, 1000, SI_BITS);
}

export function formatBitRate(bytesPerSecond: number): string {
  const { value, unit } = bitRate(bytesPerSecond);
  return `${value}${NARROW_SPACE}${unit}`;
}

/** `19 of 64 GiB`: both in the unit of the larger one. */
export function formatPart(used: number, total: number): { readonly used: string; readonly total: string } {
  const whole = bytes(total);
  const factor = 1024 ** IEC.indexOf(whole.unit as (typeof IEC)[number]);
  return { used: digits(used / factor), total: `${whole.value}${NARROW_SPACE}${whole.unit}` };
}

const SIZE = /^\s*(\d+(?:[.,]\d+)?)\s*(?:(b)|([kmgtp])(?:i?b)?)?\s*$/i;
const EXPONENT: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Reads "4g", "512 MiB", "1.5 t"; a bare number counts in `unit`.
 * @returns bytes, or undefined for what is no size.
 */
export function parseSize(text: string, unit: "MiB" | "GiB"): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const [, number = "", isBytes, letter] = match;
  const value = Number(number.replace(",", "."));
  if (isBytes !== undefined) return value;
  const exponent = EXPONENT[(letter ?? unit.slice(0, 1)).toLowerCase()] ?? 0;
  return Math.round(value * 1024 ** exponent);
}
