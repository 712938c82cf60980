/** Asks PAM whether a password is right, in killable children, a few at a time. */
import { join } from "node:path";
import { QuorateError } from "../errors/quorate-error.ts";
import { runCommand } from "./run-command.ts";
import { Turns } from "./turns.ts";

const TIMEOUT_MS = 10_000;
const MAX_CHILDREN = 4;
const MAX_WAITING = 64;
/** The rules that the machine has for logging in at its console. Where there are none PAM takes those of `other`. */
const SERVICE = "login";

/** PAM could not be asked: too many at once, a module that hangs or crashes. */
export class PamUnavailableError extends QuorateError {
  readonly code = "pam-unavailable";
}

const CHILD = join(import.meta.dirname, "pam-child.ts");
const CAGE = ["unshare", "--pid", "--fork", "--kill-child", "--"];
let knownCage: Promise<readonly string[]> | undefined;

/**
 * Modules start programs in sessions of their own (pam_exec(8)), which no signal to a process group reaches. In a
 * process namespace they end with the child. Where namespaces are not to be had the child goes without.
 */
function cage(): Promise<readonly string[]> {
  knownCage ??= runCommand([...CAGE, "true"], { timeoutMs: TIMEOUT_MS }).then(
    () => CAGE,
    () => [],
  );
  return knownCage;
}

export interface PamOptions {
  /** A file in /etc/pam.d. */
  readonly service?: string;
  readonly timeoutMs?: number;
  readonly maxChildren?: number;
  /** Logins that may wait for a child. */
  readonly maxWaiting?: number;
}

export class PamAuthenticator {
  readonly #options: Required<PamOptions>;
  readonly #turns: Turns;

  constructor(options: PamOptions = {}) {
    this.#options = {
      service: SERVICE,
      timeoutMs: TIMEOUT_MS,
      maxChildren: MAX_CHILDREN,
      maxWaiting: MAX_WAITING,
      ...options,
    };
    const { maxChildren, maxWaiting } = this.#options;
    this.#turns = new Turns({ maxRunning: maxChildren, maxWaiting, refusal: "cannot ask PAM" });
  }

  /**
   * @returns whether the account exists, may log in now and has this password.
   * @throws PamUnavailableError
   */
  async check(user: string, password: string): Promise<boolean> {
    const { service, timeoutMs } = this.#options;
    const ask = async (): Promise<boolean> => {
      const { stdout } = await runCommand(
        [...(await cage()), process.execPath, "--disable-warning=ExperimentalWarning", CHILD],
        { timeoutMs, input: JSON.stringify({ user, password, service }) },
      );
      const reply: unknown = JSON.parse(stdout);
      return typeof reply === "object" && reply !== null && "code" in reply && reply.code === 0;
    };
    try {
      return await this.#turns.take(ask);
    } catch (cause) {
      throw new PamUnavailableError(`cannot ask PAM about '${user}'`, { cause });
    }
  }
}
