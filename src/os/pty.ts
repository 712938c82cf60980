/** Programs on a terminal of their own. */
import type { IPty } from "@lydell/node-pty";
import { killGroup } from "./run-command.ts";

export interface Terminal {
  write(bytes: Buffer): void;
  resize(columns: number, rows: number): void;
  onData(listener: (bytes: Buffer) => void): void;
  onExit(listener: (exitCode: number) => void): void;
  pause(): void;
  resume(): void;
  /** Ends the program and everything that it started. */
  kill(): void;
}

export async function openTerminal(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Terminal> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("openTerminal: empty argv");
  const { spawn } = await import("@lydell/node-pty");
  const pty: IPty = spawn(program, args, {
    name: "xterm-256color",
    cols: 80,
    rows: 24,
    cwd: "/",
    env: { ...env },
    // Bytes, as they are: the client decodes them.
    encoding: null,
  });
  return {
    write: (bytes) => pty.write(bytes as unknown as string),
    resize: (columns, rows) => pty.resize(columns, rows),
    onData: (listener) => {
      pty.onData((data) => listener(Buffer.from(data as unknown as Uint8Array)));
    },
    onExit: (listener) => {
      pty.onExit(({ exitCode }) => listener(exitCode));
    },
    pause: () => pty.pause(),
    resume: () => pty.resume(),
    kill: () => {
      pty.kill("SIGHUP");
      // A shell that ignores the hang-up, and what it left running.
      killGroup(pty.pid, "SIGKILL");
    },
  };
}
