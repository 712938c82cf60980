/** Which directories are mount points, from the kernel's table: the directories themselves are never touched. */
import { readFile } from "node:fs/promises";
import { normalize } from "node:path";

/** Mount points of a mountinfo text (proc_pid_mountinfo(5)). */
export function parseMountPoints(mountinfo: string): Set<string> {
  const points = new Set<string>();
  for (const line of mountinfo.split("\n")) {
    const point = line.split(" ")[4];
    if (point !== undefined) points.add(unescapeOctal(point));
  }
  return points;
}

export async function isMountPoint(path: string): Promise<boolean> {
  const points = parseMountPoints(await readFile("/proc/self/mountinfo", "utf8"));
  const plain = normalize(path);
  return points.has(plain.length > 1 && plain.endsWith("/") ? plain.slice(0, -1) : plain);
}

/** Blanks and backslashes are written as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
