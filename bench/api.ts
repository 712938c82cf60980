/**
 * `bench api`: authenticated calls of a real node against a bare HTTPS server that answers the same bytes, in the same
 * run and with the same load generator.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { BareJob } from "./api/bare-server.ts";
import type { LoadFigures, LoadJob } from "./api/load-generator.ts";
import { ask, startTarget, type Target } from "./api/target.ts";
import { atLeast, atMost, type BenchResult, describeMachine, median, rounded } from "./result.ts";

export interface ApiBenchOptions {
  /** Default: a node that is started for the run. */
  readonly target?: Target;
  readonly runs?: number;
  readonly durationMs?: number;
}

const MIN_RATIO = 0.4;
const MAX_P99_MS = 20;

export async function run({ target: given, runs = 5, durationMs = 2_000 }: ApiBenchOptions = {}): Promise<BenchResult> {
  const target = given ?? (await startTarget());
  const generator = fork(new URL("./api/load-generator.ts", import.meta.url));
  try {
    const rows: Record<string, string | number>[] = [];
    const bars = [];
    for (const [name, path] of [
      ["GET /version", "/api2/json/version"],
      ["GET guest config", target.configPath],
    ] as const) {
      const { body, status } = await ask(target, "GET", path, { headers: { Cookie: target.cookie } });
      if (status !== 200) throw new Error(`${path} answers ${status}: ${body}`);
      const bare = await startBare(body);
      try {
        for (const connections of [16, 64]) {
          const job = { path, headers: { Cookie: target.cookie }, connections, durationMs };
          const pairs: { bare: LoadFigures; ours: LoadFigures }[] = [];
          for (let i = 0; i < runs; i += 1) {
            pairs.push({
              bare: await load(generator, { ...job, host: "127.0.0.1", port: bare.port }),
              ours: await load(generator, { ...job, host: target.host, port: target.port }),
            });
          }
          const figures = summarize(pairs);
          rows.push({ call: name, connections, ...figures });
          bars.push(
            atLeast(`${name}, ${connections} connections, share of a bare server`, figures.ratio, "ratio", MIN_RATIO),
          );
          if (connections === 64) bars.push(atMost(`${name}, 64 connections, p99`, figures.p99Ms, "ms", MAX_P99_MS));
        }
      } finally {
        bare.stop();
      }
    }
    return { area: "api", machine: describeMachine(), bars, rows };
  } finally {
    generator.kill();
    if (given === undefined) await target.stop();
  }
}

function summarize(
  pairs: readonly { bare: LoadFigures; ours: LoadFigures }[],
): Record<"ratio" | "p99Ms", number> & Record<string, number> {
  const failures = pairs.reduce((sum, { ours, bare }) => sum + ours.failures + bare.failures, 0);
  if (failures > 0) throw new Error(`${failures} requests failed: the figures mean nothing`);
  return {
    ratio: rounded(median(pairs.map(({ bare, ours }) => ours.requestsPerSecond / bare.requestsPerSecond))),
    requestsPerSecond: rounded(median(pairs.map(({ ours }) => ours.requestsPerSecond))),
    bareRequestsPerSecond: rounded(median(pairs.map(({ bare }) => bare.requestsPerSecond))),
    p50Ms: rounded(median(pairs.map(({ ours }) => ours.p50Ms))),
    p99Ms: rounded(median(pairs.map(({ ours }) => ours.p99Ms))),
    bareP99Ms: rounded(median(pairs.map(({ bare }) => bare.p99Ms))),
  };
}

async function load(generator: ChildProcess, job: LoadJob): Promise<LoadFigures> {
  const answer = await exchange<{ figures?: LoadFigures; error?: string }>(generator, job);
  if (answer.figures === undefined) throw new Error(`the load generator failed: ${answer.error}`);
  return answer.figures;
}

async function startBare(body: string): Promise<{ port: number; stop: () => void }> {
  const child = fork(new URL("./api/bare-server.ts", import.meta.url));
  const { port } = await exchange<{ port: number }>(child, { ...(await makeIdentity()), body } satisfies BareJob);
  return { port, stop: () => void child.kill() };
}

/** RSA 2048, as the node's own certificate. */
async function makeIdentity(): Promise<{ key: string; cert: string }> {
  await import("reflect-metadata");
  const { X509CertificateGenerator } = await import("@peculiar/x509");
  const pair = await crypto.subtle.generateKey(
    { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
    true,
    ["sign", "verify"],
  );
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: "CN=bare", keys: pair });
  const { KeyObject } = await import("node:crypto");
  const key = KeyObject.from(pair.privateKey).export({ type: "pkcs8", format: "pem" });
  return { key: String(key), cert: certificate.toString("pem") };
}

function exchange<T>(child: ChildProcess, message: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a helper process ended with ${code}`));
    child.once("exit", onExit);
    child.once("message", (answer) => {
      child.off("exit", onExit);
      resolve(answer as T);
    });
    child.send(message);
  });
}
