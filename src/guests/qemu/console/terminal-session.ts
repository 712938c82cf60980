/** One terminal client: checked, then joined with a byte stream, each side held back by the other's pace. */
import type { Socket } from "node:net";
import { TerminalReader } from "./terminal-protocol.ts";

export interface TerminalBackend {
  write(bytes: Buffer): void;
  resize(columns: number, rows: number): void;
  onData(listener: (bytes: Buffer) => void): void;
  /** The other end is gone. */
  onEnd(listener: () => void): void;
  pause(): void;
  resume(): void;
  close(): void;
}

export interface TerminalSessionOptions {
  readonly client: Socket;
  readonly verify: (user: string, ticket: string) => Promise<boolean>;
  readonly open: () => Promise<TerminalBackend>;
  readonly signal: AbortSignal;
}

const LOGIN_TIMEOUT_MS = 10_000;

/** Resolves when either side is gone. @throws Error for a client that is not let in. */
export async function runTerminal({ client, verify, open, signal }: TerminalSessionOptions): Promise<void> {
  const reader = new TerminalReader();
  const ended = Promise.withResolvers<void>();
  let backend: TerminalBackend | undefined;
  const finish = (error?: Error): void => {
    client.destroy();
    backend?.close();
    if (error === undefined) ended.resolve();
    else ended.reject(error);
  };
  const timer = setTimeout(() => finish(new Error("the client did not log in")), LOGIN_TIMEOUT_MS);
  signal.addEventListener("abort", () => finish(new Error("interrupted")), { once: true });
  client.on("error", () => finish());
  client.on("close", () => finish());

  const letIn = async (user: string, ticket: string): Promise<void> => {
    clearTimeout(timer);
    if (!(await verify(user, ticket))) throw new Error("permission denied - invalid PVEVNC ticket");
    backend = await open();
    client.write("OK");
    const opened = backend;
    opened.onData((bytes) => {
      if (client.write(bytes)) return;
      opened.pause();
      client.once("drain", () => opened.resume());
    });
    opened.onEnd(() => finish());
  };

  client.on("data", (chunk: Buffer) => {
    void (async () => {
      // Frames behind the login wait until it is checked.
      client.pause();
      for (const frame of reader.push(chunk)) {
        if (frame.kind === "login") await letIn(frame.user, frame.ticket);
        else if (frame.kind === "input") backend?.write(frame.bytes);
        else if (frame.kind === "resize") backend?.resize(frame.columns, frame.rows);
      }
      client.resume();
    })().catch((error: unknown) => finish(error instanceof Error ? error : new Error(String(error))));
  });
  try {
    await ended.promise;
  } finally {
    clearTimeout(timer);
  }
}
