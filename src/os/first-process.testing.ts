/** The first process of a process namespace: makes orphans and says how many dead are left. Argument: whether it reaps. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { reapOrphans } from "./orphan-reaper.ts";

const EVERY_MS = 50;
const LIMIT_MS = 5_000;

if (process.argv[2] === "reaps") reapOrphans({ everyMs: EVERY_MS });
// Each shell ends before its child does.
for (let count = 0; count < 3; count += 1) await once(spawn("sh", ["-c", "sleep 0.2 &"], { stdio: "ignore" }), "exit");
const own = spawn("sh", ["-c", "sleep 0.5; exit 7"], { stdio: "ignore" });
const [code] = await once(own, "exit");
const dead = (): number =>
  readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    const stat = readFileSync(`/proc/${name}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  }).length;
const deadline = performance.now() + LIMIT_MS;
while (process.argv[2] === "reaps" && dead() > 0 && performance.now() < deadline) await delay(EVERY_MS);
process.stdout.write(JSON.stringify({ pid: process.pid, ownExitCode: code, dead: dead() }));
process.exit(0);
