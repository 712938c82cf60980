import { QuorateError } from "../../../errors/quorate-error.ts";

/** The config asks for what cannot be started here. The message says what to change. */
export class BuildError extends QuorateError {
  readonly code = "vm-cannot-start";
}
