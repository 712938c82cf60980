/**
 * The base of every operating error: something outside the program is not as it must be (no quorum, file changed,
 * guest locked). Match on `code` or on the class, never on the message. Impossible states are assertions instead.
 */
export abstract class QuorateError extends Error {
  /** Stable, documented, kebab-case. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The text of anything that was thrown, without stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
