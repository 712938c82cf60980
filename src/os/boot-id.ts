/** Which boot of the machine this is: a text that every boot has anew (random(4)). */
import { readFileSync } from "node:fs";

export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}
