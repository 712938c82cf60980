/** `quorate test [FILTER…]`: brings what the tests need, then runs the checks and the whole suite. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runToExit } from "../../os/run-command.ts";
import { PROJECT_DIR } from "./project.ts";
import { buildWeb, NODE_PARTS, setUpParts, TEST_PARTS } from "./setup.ts";
import { readOptions } from "./usage.ts";

const SUITE_TIMEOUT_MS = 60 * 60_000;
const CHECK_TIMEOUT_MS = 10 * 60_000;
const MAX_FILTERS = 100;

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export async function main(argv: readonly string[]): Promise<number> {
  const { positionals: filters } = readOptions(argv, {}, MAX_FILTERS);
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  await setUpParts({ parts: [...NODE_PARTS, ...TEST_PARTS], mayInstall: true, say });
  await buildWeb(say);
  const checks =
    filters.length > 0
      ? []
      : [
          await check("types", "tsc", ["--noEmit"]),
          await check("types of the interface", "tsc", ["--noEmit", "-p", "web"]),
          await check("style", "biome", ["check", "."]),
        ];
  const suite = await runSuite(filters);
  const passed = suite.passed + checks.filter(Boolean).length;
  const failed = suite.failed + checks.filter((ok) => !ok).length;
  if (suite.skipped > 0) say(`${suite.skipped} skipped (each says why above)`);
  say(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

function program(name: string): string {
  return join(PROJECT_DIR, "node_modules/.bin", name);
}

async function check(what: string, name: string, args: readonly string[]): Promise<boolean> {
  const { exitCode, stdout, stderr } = await runToExit([program(name), ...args], {
    timeoutMs: CHECK_TIMEOUT_MS,
    cwd: PROJECT_DIR,
  });
  process.stdout.write(exitCode === 0 ? `${what}: ok\n` : `${what}: failed\n${stdout}${stderr}\n`);
  return exitCode === 0;
}

async function runSuite(filters: readonly string[]): Promise<Counts> {
  const directory = mkdtempSync(join(tmpdir(), "quorate-test-"));
  const report = join(directory, "report.json");
  try {
    const argv = [process.execPath, join(PROJECT_DIR, "node_modules/vitest/vitest.mjs"), "run", ...filters];
    const { exitCode } = await runToExit(
      [...argv, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
      { timeoutMs: SUITE_TIMEOUT_MS, cwd: PROJECT_DIR, onLine: (line) => process.stdout.write(`${line}\n`) },
    );
    const counts = readCounts(readFileSync(report, "utf8"));
    // Vitest also fails for what happens outside of tests; that must not look like success.
    return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function readCounts(text: string): Counts {
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites, testResults } = JSON.parse(
    text,
  ) as Record<string, number> & { testResults: { status: string; assertionResults: unknown[] }[] };
  // A file that cannot even be loaded has no tests that could fail.
  const broken = testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  const failed = (numFailedTests ?? 0) + broken;
  return {
    passed: numPassedTests ?? 0,
    failed: failed === 0 ? Math.min(numFailedTestSuites ?? 0, 1) : failed,
    skipped: numPendingTests ?? 0,
  };
}
