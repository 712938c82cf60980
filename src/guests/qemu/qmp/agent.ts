/**
 * The guest agent: the same framing as QMP, but a dumb pipe to a program in the guest. What a former client left in it
 * is skipped by a synchronization, and a guest that does not answer is no error of ours: every command has a limit.
 */
import { randomInt } from "node:crypto";
import { type ConnectOptions, type ExecuteOptions, JsonConnection } from "./connection.ts";

export interface AgentOptions extends Omit<ConnectOptions, "timeoutMs"> {
  /** Until the agent answers the synchronization. Default 3 s. */
  readonly syncTimeoutMs?: number;
}

const DEFAULT_SYNC_TIMEOUT_MS = 3_000;
const MAX_SYNC_ID = 2 ** 31 - 1;

/** @throws QmpTimeoutError when the agent does not answer, QmpCommandError when it refuses. */
export async function agentCommand(
  options: AgentOptions,
  command: string,
  args: Readonly<Record<string, unknown>> = {},
  limits: ExecuteOptions = {},
): Promise<unknown> {
  const { syncTimeoutMs: timeoutMs = DEFAULT_SYNC_TIMEOUT_MS, ...rest } = options;
  const connection = await JsonConnection.open({ ...rest, timeoutMs });
  try {
    const id = randomInt(1, MAX_SYNC_ID);
    const synchronized = connection.nextMessage("guest-sync", { timeoutMs }, (message) =>
      message.return === id ? message : undefined,
    );
    connection.send({ execute: "guest-sync", arguments: { id } });
    await synchronized;
    return await connection.execute(command, args, limits);
  } finally {
    connection.close();
  }
}
