/**
 * A load generator in a process of its own: keep-alive TLS connections that each send one request and wait for its
 * answer. Started by fork; takes one job by message and answers with its figures.
 */
import { connect, type TLSSocket } from "node:tls";

export interface LoadJob {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly durationMs: number;
}

export interface LoadFigures {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requests: number;
  /** Answers other than 200, and connections that broke. */
  readonly failures: number;
}

/** One connection: sends the next request when the answer to the last one is complete. */
class Connection {
  readonly #socket: TLSSocket;
  readonly #request: Buffer;
  readonly #onAnswer: (latencyMs: number, isOk: boolean) => void;
  #sentMs = 0;
  #isStopped = false;
  #pending: Buffer = Buffer.alloc(0);

  constructor(job: LoadJob, socket: TLSSocket, onAnswer: (latencyMs: number, isOk: boolean) => void) {
    const headers = Object.entries({ Host: `${job.host}:${job.port}`, ...job.headers });
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    this.#request = Buffer.from(`GET ${job.path} HTTP/1.1\r\n${lines}\r\n`, "latin1");
    this.#socket = socket;
    this.#onAnswer = onAnswer;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      if (!this.#isStopped) onAnswer(0, false);
    });
  }

  send(): void {
    if (this.#isStopped) return;
    this.#sentMs = performance.now();
    this.#socket.write(this.#request);
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const end = this.#pending.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#pending.toString("latin1", 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#pending.length < end + 4 + length) return;
    this.#pending = this.#pending.subarray(end + 4 + length);
    this.#onAnswer(performance.now() - this.#sentMs, head.startsWith("HTTP/1.1 200"));
    this.send();
  }
}

async function runJob(job: LoadJob): Promise<LoadFigures> {
  const latencies: number[] = [];
  let failures = 0;
  let isMeasuring = false;
  const onAnswer = (latencyMs: number, isOk: boolean): void => {
    if (!isOk) failures += 1;
    else if (isMeasuring) latencies.push(latencyMs);
  };
  const connections = await Promise.all(
    Array.from({ length: job.connections }, async () => {
      const socket = connect({ host: job.host, port: job.port, rejectUnauthorized: false });
      await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
      return new Connection(job, socket, onAnswer);
    }),
  );
  for (const connection of connections) connection.send();
  // The first part only warms up: compiled code, remembered logins, kernel buffers.
  await sleep(job.durationMs / 4);
  isMeasuring = true;
  const startedMs = performance.now();
  await sleep(job.durationMs);
  const seconds = (performance.now() - startedMs) / 1000;
  isMeasuring = false;
  for (const connection of connections) connection.stop();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return {
    requestsPerSecond: latencies.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    requests: latencies.length,
    failures,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

process.on("message", (job: LoadJob) => {
  runJob(job).then(
    (figures) => process.send?.({ figures }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));
