/** FUSE mounts for an ordinary user, by the setuid helper `fusermount3`. */
import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { makeSocketPair, receiveDescriptor } from "./libc.ts";
import { runCommand } from "./run-command.ts";

const PROGRAM = "fusermount3";
const TIMEOUT_MS = 10_000;

/**
 * Mounts and brings the descriptor of the connection.
 * @param options as of mount(8), comma separated.
 * @throws Error with the helper's own words.
 */
export async function fusermount(directory: string, options: string): Promise<number> {
  const [ours, theirs] = makeSocketPair();
  try {
    await runHelper(directory, options, theirs);
    return receiveDescriptor(ours);
  } finally {
    closeSync(ours);
  }
}

/** Detaches the mount, also one whose server is dead. */
export async function fusermountUnmount(directory: string): Promise<void> {
  await runCommand([PROGRAM, "-u", "-z", "--", directory], { timeoutMs: TIMEOUT_MS });
}

function runHelper(directory: string, options: string, socket: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, ["-o", options, "--", directory], {
      stdio: ["ignore", "ignore", "pipe", socket],
      env: { ...process.env, _FUSE_COMMFD: "3" },
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    // The child has its own copy; ours would keep the socket open after its end.
    closeSync(socket);
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors += chunk.toString("utf8");
    });
    child.on("error", (cause) => reject(new Error(`cannot run ${PROGRAM}: ${cause.message}`, { cause })));
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(errors.trim() || `${PROGRAM} ended with ${code ?? signal}`));
    });
  });
}
