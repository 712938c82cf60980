/** The tasks behind consoles: each serves one client and ends with it. */
import { connect, type Socket } from "node:net";
import type { AccessControl } from "../../../access/port.ts";
import { findProgram } from "../../../os/find-program.ts";
import { openTerminal } from "../../../os/pty.ts";
import type { TaskContext, TaskTable } from "../../../tasks/port.ts";
import { qmpCommand } from "../qmp/index.ts";
import type { VmProcesses } from "../run/vm-process.ts";
import { acceptOne } from "./one-client.ts";
import { runTerminal, type TerminalBackend } from "./terminal-session.ts";

export interface ConsoleTaskDeps {
  readonly processes: VmProcesses;
  readonly access: AccessControl;
}

export interface VncArgs {
  readonly vmid: number;
  readonly port: number;
  readonly password: string;
}

export interface TerminalArgs {
  readonly port: number;
  /** What the ticket is for: `/vms/100` or `/nodes/n1`. */
  readonly path: string;
  /** A VM's serial port. */
  readonly vmid?: number;
  readonly serial?: string;
  /** A shell of the node: for this user. */
  readonly shellOf?: string;
}

export function consoleTasks(deps: ConsoleTaskDeps): TaskTable {
  return {
    vncproxy: async (args: VncArgs | TerminalArgs, task: TaskContext) => {
      if ("password" in args) await serveVnc(deps, args, task);
      else await serveTerminal(deps, args, task);
    },
    vncshell: (args: TerminalArgs, task: TaskContext) => serveTerminal(deps, args, task),
  };
}

async function serveVnc(
  { processes }: ConsoleTaskDeps,
  { vmid, port, password }: VncArgs,
  task: TaskContext,
): Promise<void> {
  const qmp = { path: processes.socket(vmid, "qmp"), peer: `VM ${vmid}` };
  const accepted = acceptOne(port, task.signal);
  // The listener is there at once; whoever connects meanwhile waits for the password to be set.
  accepted.catch(() => {});
  await qmpCommand(qmp, "set_password", { protocol: "vnc", password, connected: "keep" });
  await qmpCommand(qmp, "expire_password", { protocol: "vnc", time: "+30" });
  const client = await accepted;
  const screen = connect(processes.socket(vmid, "vnc"));
  await joined(client, screen, task.signal);
}

/** Both ways, until either side ends. */
function joined(a: Socket, b: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error): void => {
      a.destroy();
      b.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    signal.addEventListener("abort", () => end(new Error("interrupted")), { once: true });
    b.once("error", (error) => end(new Error(`cannot reach the screen: ${error.message}`, { cause: error })));
    a.once("error", () => end());
    a.once("close", () => end());
    b.once("close", () => end());
    a.pipe(b);
    b.pipe(a);
  });
}

async function serveTerminal(
  { processes, access }: ConsoleTaskDeps,
  args: TerminalArgs,
  task: TaskContext,
): Promise<void> {
  const client = await acceptOne(args.port, task.signal);
  await runTerminal({
    client,
    signal: task.signal,
    verify: (user, ticket) => access.verifyConsoleTicket(ticket, user, args.path, args.port),
    open: () =>
      args.vmid === undefined
        ? openShell(args.shellOf)
        : openSerial(processes.socket(args.vmid, args.serial ?? "serial0")),
  });
}

function openSerial(path: string): Promise<TerminalBackend> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", (error) =>
      reject(new Error(`cannot reach the serial port: ${error.message}`, { cause: error })),
    );
    socket.once("connect", () => {
      resolve({
        write: (bytes) => socket.write(bytes),
        // A serial line has no size.
        resize: () => {},
        onData: (listener) => socket.on("data", listener),
        onEnd: (listener) => socket.once("close", listener).on("error", listener),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
        close: () => socket.destroy(),
      });
    });
  });
}

/** root logs in without a password, others are asked; a node that does not run as root has its owner's shell. */
async function openShell(user: string | undefined): Promise<TerminalBackend> {
  const login = findProgram("login");
  const isRoot = process.getuid?.() === 0;
  const shell = [process.env.SHELL ?? "/bin/bash", "-l"];
  let argv = shell;
  if (isRoot && user !== "root@pam" && login !== undefined) argv = [login];
  const terminal = await openTerminal(argv, {
    TERM: "xterm-256color",
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    LANG: process.env.LANG,
  });
  return {
    write: (bytes) => terminal.write(bytes),
    resize: (columns, rows) => terminal.resize(columns, rows),
    onData: (listener) => terminal.onData(listener),
    onEnd: (listener) => terminal.onExit(listener),
    pause: () => terminal.pause(),
    resume: () => terminal.resume(),
    close: () => terminal.kill(),
  };
}
