/** The tasks that start, stop, reset, pause and resume VMs. */
import { messageOf } from "../../../errors/quorate-error.ts";
import type { TaskContext, TaskTable } from "../../../tasks/port.ts";
import type { VmConfigs } from "../config-store.ts";
import type { VmPower } from "./vm-power.ts";
import type { VmStarter } from "./vm-starter.ts";

interface PowerArgs {
  readonly vmid: number;
  readonly skiplock?: boolean;
  /** Seconds. */
  readonly timeout?: number;
  readonly forceStop?: boolean;
  readonly machine?: string;
  readonly forceCpu?: string;
}

/** For guests whose `startup` does not say how long they may take. */
const SHUTDOWN_TIMEOUT_S = 60;

export interface PowerTaskDeps {
  readonly configs: VmConfigs;
  readonly starter: VmStarter;
  readonly power: VmPower;
  /** Tells the cluster how the VM now does, which it would else learn with the next measurement only. */
  readonly announce: (vmid: number) => Promise<void>;
}

export function powerTasks({ configs, starter, power, announce }: PowerTaskDeps): TaskTable {
  const announced =
    (work: (args: PowerArgs, task: TaskContext) => Promise<void>) =>
    async (args: PowerArgs, task: TaskContext): Promise<void> => {
      try {
        await work(args, task);
      } finally {
        await announce(args.vmid).catch((error: unknown) => task.log(`state not announced: ${messageOf(error)}`));
      }
    };
  const shutdown = async (args: PowerArgs, task: TaskContext, forceStop: boolean): Promise<void> => {
    const down = /(?:^|,)down=(\d+)/.exec((await configs.load(args.vmid)).current.startup ?? "")?.[1];
    const timeoutS = args.timeout ?? (down === undefined ? SHUTDOWN_TIMEOUT_S : Number(down));
    await power.shutdown(
      args.vmid,
      {
        timeoutMs: timeoutS * 1000,
        forceStop,
        skipsLock: args.skiplock === true,
        signal: task.signal,
      },
      task,
    );
  };
  return {
    qmstart: announced(async (args, task) => {
      await starter.start(
        args.vmid,
        {
          skipsLock: args.skiplock === true,
          ...(args.timeout ? { timeoutMs: args.timeout * 1000 } : {}),
          ...(args.machine === undefined ? {} : { forceMachine: args.machine }),
          ...(args.forceCpu === undefined ? {} : { forceCpu: args.forceCpu }),
        },
        task,
      );
    }),
    qmstop: announced((args, task) => {
      const { timeout: seconds } = args;
      const limit = seconds === undefined ? {} : { timeoutMs: seconds * 1000 };
      return power.stop(args.vmid, { skipsLock: args.skiplock === true, ...limit }, task);
    }),
    qmshutdown: announced((args, task) => shutdown(args, task, args.forceStop === true)),
    qmreboot: announced(async (args, task) => {
      // Whoever reboots a VM that is off is told so: it does not start it.
      await power.requireRunning(args.vmid, false);
      await shutdown(args, task, false);
      await starter.start(args.vmid, {}, task);
    }),
    qmreset: announced((args) => power.reset(args.vmid, args.skiplock === true)),
    qmsuspend: announced((args) => power.suspend(args.vmid, args.skiplock === true)),
    qmresume: announced((args) => power.resume(args.vmid, args.skiplock === true)),
  };
}
