import { QuorateError } from "../../../errors/quorate-error.ts";

/** QEMU or the guest agent answered a command with an error. `errorClass` is theirs, e.g. `DeviceNotFound`. */
export class QmpCommandError extends QuorateError {
  readonly code = "qmp-command-failed";
  readonly command: string;
  readonly errorClass: string;

  constructor(peer: string, command: string, errorClass: string, description: string) {
    super(`${peer} qmp command '${command}' failed - ${description}`);
    this.command = command;
    this.errorClass = errorClass;
  }
}

/** No answer within the command's limit. The command may still be carried out: ask before doing it again. */
export class QmpTimeoutError extends QuorateError {
  readonly code = "qmp-timeout";

  constructor(peer: string, command: string) {
    super(`${peer} qmp command '${command}' failed - got timeout`);
  }
}

/** Nobody listens on the socket, or it was closed before the answer: the process has ended or is about to. */
export class QmpClosedError extends QuorateError {
  readonly code = "qmp-closed";

  constructor(peer: string, command: string, why: string, options?: ErrorOptions) {
    super(`${peer} qmp command '${command}' failed - ${why}`, options);
  }
}
