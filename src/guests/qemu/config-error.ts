/** What is wrong with a VM's config, or with what is asked of it. */
import { messageOf, QuorateError } from "../../errors/quorate-error.ts";
import { ApiError } from "../../rest/errors.ts";
import { StorageTypeNotBuiltError } from "../../storage/errors.ts";

/** A config file that strict reading refuses. The text ends with a newline. */
export class VmConfigError extends QuorateError {
  readonly code = "vm-config-invalid";
}

/** The VM is locked by other work. */
export class VmLockedError extends QuorateError {
  readonly code = "vm-locked";
  readonly lock: string;

  constructor(lock: string) {
    super(`VM is locked (${lock})`);
    this.lock = lock;
  }
}

/** There is no such VM on this node. */
export class VmMissingError extends QuorateError {
  readonly code = "vm-missing";

  constructor(vmid: number, node: string) {
    super(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`);
  }
}

/** An operation that the VM's state or config forbids. */
export class VmRefusedError extends QuorateError {
  readonly code = "vm-refused";
}

/** Does what a parameter asks for; what a storage or the system says against it is told with the parameter's name. */
export async function namingParameter<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOperating = error instanceof QuorateError || (error instanceof Error && "errno" in error);
    // These have a status of their own.
    const isAnswer = error instanceof ApiError || error instanceof StorageTypeNotBuiltError;
    if (!isOperating || isAnswer || messageOf(error).startsWith(`${name}:`)) throw error;
    throw new VmRefusedError(`${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Protection mode is on. */
export class VmProtectedError extends QuorateError {
  readonly code = "vm-protected";

  constructor(what: string) {
    super(`${what} - protection mode enabled`);
  }
}

/** The id is taken, here or on another node. */
export class VmExistsError extends QuorateError {
  readonly code = "vm-exists";

  constructor(vmid: number, node: string, options?: ErrorOptions) {
    super(`unable to create VM ${vmid} - VM ${vmid} already exists on node '${node}'`, options);
  }
}

/** Changes that the running guest did not take over, by key. They stay pending. */
export class HotplugProblemsError extends QuorateError {
  readonly code = "hotplug-problems";
  readonly problems: ReadonlyMap<string, string>;

  constructor(problems: ReadonlyMap<string, string>) {
    super([...problems].map(([key, why]) => `${key}: hotplug problem - ${why}`).join("; "));
    this.problems = problems;
  }
}
