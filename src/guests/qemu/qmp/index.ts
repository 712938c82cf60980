/** Talking to a running QEMU and to the agent in its guest. */
export { agentCommand } from "./agent.ts";
export { QmpClosedError, QmpCommandError, QmpTimeoutError } from "./errors.ts";
export { type Qmp, type QmpOptions, qmpCommand, withQmp } from "./monitor.ts";
