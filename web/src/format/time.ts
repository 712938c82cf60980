/** Ages, durations and points in time, all from epoch seconds. */
const SPACE = "\u00a0";
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** One unit: "4 s", "6 min", "3 h", "12 d". */
export function formatAge(seconds: number): string {
  const age = Math.max(0, Math.floor(seconds));
  if (age < MINUTE) return `${age}${SPACE}s`;
  if (age < HOUR) return `${Math.floor(age / MINUTE)}${SPACE}min`;
  if (age < 2 * DAY) return `${Math.floor(age / HOUR)}${SPACE}h`;
  return `${Math.floor(age / DAY)}${SPACE}d`;
}

/** Two units: "12 d 4 h", "3 min 20 s". */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const units: readonly (readonly [number, string])[] = [
    [DAY, "d"],
    [HOUR, "h"],
    [MINUTE, "min"],
    [1, "s"],
  ];
  const first = units.findIndex(([size]) => total >= size);
  if (first === -1) return `0${SPACE}s`;
  const parts: string[] = [];
  let rest = total;
  for (const [size, name] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${SPACE}${name}`);
  }
  return parts.join(" ");
}

const two = (value: number): string => String(value).padStart(2, "0");

/** "03:41:07" in the browser's zone. */
export function formatClock(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** "20 Jan 03:41", with the year when it is another one. */
export function formatMoment(epochSeconds: number, nowSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const isThisYear = date.getFullYear() === new Date(nowSeconds * 1000).getFullYear();
  const day = new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    ...(isThisYear ? {} : { year: "numeric" as const }),
  }).format(date);
  return `${day} ${time}`;
}

/** The whole moment with its zone, for copies and for hovering. */
export function formatExact(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${formatClock(epochSeconds)} ${zone}`;
}

/** Under a day by the clock, older by the day: for lists of what happened. */
export function formatWhen(epochSeconds: number, nowSeconds: number): string {
  return nowSeconds - epochSeconds < DAY
    ? formatClock(epochSeconds).slice(0, 5)
    : formatMoment(epochSeconds, nowSeconds);
}
