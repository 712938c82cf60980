/** The two commands of `qm` that stay open: QEMU's monitor and a guest's serial port. */
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { messageOf } from "../errors/quorate-error.ts";
import { decodeLayout, LAYOUT_ENV } from "../os/layout.ts";
import { UsageError } from "./arguments.ts";
import type { LocalApi } from "./local-api.ts";
import type { ToolIo } from "./terminal-io.ts";

function vmidOf(words: readonly string[]): string {
  const [vmid] = words;
  if (vmid === undefined || !/^[1-9][0-9]{2,8}$/.test(vmid)) throw new UsageError("missing or malformed <vmid>");
  return vmid;
}

/** Sends each line to the monitor and prints its answer, until `quit` or the end of the input. */
export async function runMonitor(words: readonly string[], api: LocalApi, io: ToolIo): Promise<number> {
  const vmid = vmidOf(words);
  const path = `/nodes/${api.nodeName}/qemu/${vmid}/monitor`;
  api.find("POST", path);
  io.out(`Entering QEMU Monitor for VM ${vmid} - type 'help' for help\n`);
  const reader = createInterface({ input: process.stdin, output: process.stdout, prompt: "qm> " });
  reader.prompt();
  for await (const line of reader) {
    const command = line.trim();
    if (command === "quit" || command === "q") break;
    try {
      // The monitor's own errors must not end the session.
      if (command !== "") io.out(`${String((await api.call("POST", path, { command })).data ?? "")}\n`);
    } catch (error) {
      io.err(`ERROR: ${messageOf(error)}\n`);
    }
    reader.prompt();
  }
  reader.close();
  return 0;
}

const ESCAPE = "\u000f";

/** Joins the terminal with the serial port. Ctrl+O leaves. */
export function runSerialTerminal(words: readonly string[], _api: LocalApi, io: ToolIo): Promise<number> {
  const vmid = vmidOf(words);
  const iface = words[1] ?? "serial0";
  if (!/^serial[0-3]$/.test(iface)) throw new UsageError(`'${iface}' is no serial port`);
  const { qemuRun } = decodeLayout(process.env[LAYOUT_ENV]);
  const socket = connect(join(qemuRun, `${vmid}.${iface}`));
  return new Promise((resolve, reject) => {
    const { stdin, stdout } = process;
    const leave = (): void => {
      if (stdin.isTTY) stdin.setRawMode(false);
      stdin.pause();
      socket.destroy();
      resolve(0);
    };
    socket.once("connect", () => {
      io.err(`starting serial terminal on interface ${iface} (press Ctrl+O to exit)\n`);
      if (stdin.isTTY) stdin.setRawMode(true);
      stdin.on("data", (chunk: Buffer) => {
        if (chunk.toString("latin1").includes(ESCAPE)) leave();
        else socket.write(chunk);
      });
      stdin.on("end", leave);
      socket.pipe(stdout, { end: false });
    });
    socket.once("error", (cause) => {
      reject(
        new Error(`cannot open ${iface} of VM ${vmid}: ${cause.message} (is it running, with a serial port?)`, {
          cause,
        }),
      );
    });
    socket.once("close", leave);
  });
}
