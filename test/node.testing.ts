/** A real node for tests: started by the launcher below a directory of its own, stopped completely afterwards. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../src/os/run-command.ts";

export const PROJECT_DIR = join(import.meta.dirname, "..");

export interface TestNode {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly fingerprint: string;
  readonly pid: number;
  readonly root: string;
  /** Runs `./quorate ARGS --root …`. */
  quorate(...args: string[]): Promise<string>;
  /** Runs a tool of bin/ against this node. */
  tool(name: string, ...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;
const COMMAND_TIMEOUT_MS = 120_000;

/** Where `./quorate` and its packages are already installed: nothing is installed by a test. */
export async function startTestNode(): Promise<TestNode> {
  // Short: sockets below it have to fit into their limit.
  const root = await mkdtemp(join(tmpdir(), "qn-"));
  const quorate = async (command: string, ...args: string[]): Promise<string> => {
    const argv = [join(PROJECT_DIR, "quorate"), command, "--root", root, ...args];
    return (await runCommand(argv, { timeoutMs: START_TIMEOUT_MS })).stdout;
  };
  try {
    const facts = JSON.parse(await quorate("up", "--detach", "--json", "--no-install")) as Omit<
      TestNode,
      "quorate" | "tool" | "stop"
    >;
    return {
      ...facts,
      quorate: (...args) => quorate(...(args as [string, ...string[]])),
      async tool(name, ...args) {
        const argv = [join(PROJECT_DIR, "bin", name), ...args];
        return (await runCommand(argv, { timeoutMs: COMMAND_TIMEOUT_MS, env: { QUORATE_ROOT: root } })).stdout;
      },
      async stop() {
        await quorate("down", "--timeout", "5");
        await rm(root, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await quorate("down", "--timeout", "0").catch(() => {});
    await rm(root, { recursive: true, force: true });
    throw error;
  }
}
