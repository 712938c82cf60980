/**
 * Rewrites the reference's command line into one that an unpatched QEMU understands and that needs no daemon beside it.
 * Pure: what this machine can do comes in as {@link StockHost}.
 *
 * One change is a decision: `-no-shutdown` and the event monitor are left out, so that a guest that powers itself off
 * ends its QEMU at once. With them, a daemon would have to be alive to end it; without them the guest is stopped
 * whatever else is running.
 */
import { type Option, optionValue, parseOptions, printOptions } from "./option-text.ts";

export interface StockHost {
  /** Absolute path of the emulator to run. */
  readonly binary: string;
  readonly accelerator: "kvm" | "tcg";
  readonly hasIoUring: boolean;
  readonly hasVhostNet: boolean;
  /** `tap`: interfaces on bridges, which need root; `user`: QEMU's own NAT. */
  readonly network: "tap" | "user";
  /** Where sockets and pid files of guests are. */
  readonly runDir: string;
  /** Directory with this project's stand-ins for the files that `-readconfig` names. */
  readonly configDir: string;
  /** Directory with OVMF images, with a slash at its end. */
  readonly firmwareDir: string;
  /** Absent: no picture in the boot menu. */
  readonly bootSplash?: string;
}

const REFERENCE_RUN_DIR = /\/(?:var\/)?run\/qemu-server\//g;
const REFERENCE_FIRMWARE = /\/usr\/share\/pve-edk2-firmware\/+/g;
const REFERENCE_CONFIG_DIR = "/usr/share/qemu-server/";
const TASKSET = "/usr/bin/taskset";

/**
 * @param argv as the builder printed it.
 * @param isOtherArchitecture the guest is not of this machine's architecture: keep the binary of the line.
 */
export function toStockCommand(argv: readonly string[], host: StockHost, isOtherArchitecture = false): string[] {
  const { prefix, binary, rest } = splitBinary(argv);
  const pairs = pairArguments(rest);
  const droppedChardevs = new Set(["qmp-event"]);
  const usesIscsi = rest.some((argument) => argument.includes('"driver":"iscsi"') || argument.includes("file=iscsi:"));
  const usesSpice = rest.includes("-spice");
  const out: string[] = [...prefix, isOtherArchitecture ? binary : host.binary];
  for (const { name, value } of pairs) {
    if (value === undefined) {
      if (name !== "-no-shutdown") out.push(name);
      continue;
    }
    const written = rewrite(name, value, host, { droppedChardevs, usesIscsi, usesSpice });
    if (written !== undefined) out.push(name, written);
  }
  return out.map((argument) => relocate(argument, host));
}

interface LineFacts {
  readonly droppedChardevs: ReadonlySet<string>;
  readonly usesIscsi: boolean;
  readonly usesSpice: boolean;
}

/** @returns the value to print, or undefined to leave the argument out. */
function rewrite(name: string, value: string, host: StockHost, line: LineFacts): string | undefined {
  switch (name) {
    case "-id":
      return undefined;
    case "-chardev":
      return line.droppedChardevs.has(optionValue(parseOptions(value), "id") ?? "") ? undefined : value;
    case "-mon":
      return line.droppedChardevs.has(optionValue(parseOptions(value), "chardev") ?? "") ? undefined : value;
    case "-iscsi":
      return line.usesIscsi ? value : undefined;
    case "-audiodev":
      // QEMU refuses to send sound to a SPICE display that is not there: the guest keeps its card, nobody hears it.
      return line.usesSpice ? value : value.replace(/^spice(?=,|$)/, "none");
    case "-boot":
      return rewriteBoot(value, host);
    case "-readconfig":
      return value.replace(REFERENCE_CONFIG_DIR, `${host.configDir}/`);
    case "-cpu":
      return host.accelerator === "kvm" ? value : rewriteCpuForTcg(value);
    case "-global":
      return host.accelerator === "tcg" && value.startsWith("kvm-pit.") ? undefined : value;
    case "-machine":
      return rewriteMachine(value, host);
    case "-netdev":
      return rewriteNetdev(value, host);
    case "-drive":
      return host.hasIoUring ? value : value.replace(/(^|,)aio=io_uring(?=,|$)/, "$1aio=threads");
    case "-blockdev":
      return host.hasIoUring ? value : value.replaceAll('"aio":"io_uring"', '"aio":"threads"');
    default:
      return value;
  }
}

function rewriteBoot(value: string, host: StockHost): string {
  const options = parseOptions(value).filter(({ key }) => key !== "splash");
  if (host.bootSplash === undefined || options.length === parseOptions(value).length) return printOptions(options);
  return printOptions([...options, { key: "splash", value: host.bootSplash }]);
}

/** Under emulation there are no paravirtual KVM features, and a model's missing features are not worth a refusal. */
function rewriteCpuForTcg(value: string): string {
  const [model, ...flags] = parseOptions(value);
  if (model === undefined) return value;
  const kept = flags.filter(({ key }) => !/^(?:enforce|kvm|host-phys-bits|[+-]?kvm[_-].*|[+-]?hv[_-].*)$/.test(key));
  return printOptions([{ key: model.key === "host" ? "max" : model.key }, ...kept]);
}

function rewriteMachine(value: string, host: StockHost): string {
  const options: Option[] = [];
  for (const option of parseOptions(value)) {
    if (option.key === "accel") continue;
    if (option.key === "kernel-irqchip" && host.accelerator === "tcg") continue;
    options.push(
      option.key === "type" ? { key: "type", value: (option.value ?? "").replace(/\+pve\d+$/, "") } : option,
    );
  }
  return printOptions([{ key: "accel", value: host.accelerator }, ...options]);
}

/** Interfaces are put on their bridges by the start step, which can report what went wrong; QEMU runs no script. */
function rewriteNetdev(value: string, host: StockHost): string {
  const options = parseOptions(value);
  if (optionValue(options, "type") !== "tap") return value;
  if (host.network === "user") return printOptions([{ key: "type", value: "user" }, ...only(options, ["id"])]);
  const kept = only(options, ["id", "ifname", "queues", ...(host.hasVhostNet ? ["vhost"] : [])]);
  const noScripts = [
    { key: "script", value: "no" },
    { key: "downscript", value: "no" },
  ];
  return printOptions([{ key: "type", value: "tap" }, ...kept, ...noScripts]);
}

function only(options: readonly Option[], keys: readonly string[]): Option[] {
  return options.filter(({ key }) => keys.includes(key));
}

function relocate(argument: string, host: StockHost): string {
  const runDir = `${host.runDir}/`;
  return argument.replace(REFERENCE_RUN_DIR, () => runDir).replace(REFERENCE_FIRMWARE, () => host.firmwareDir);
}

/** An affinity puts `taskset` and its arguments before the emulator. */
function splitBinary(argv: readonly string[]): { prefix: string[]; binary: string; rest: string[] } {
  const at =
    argv[0] === TASKSET ? argv.findIndex((argument, index) => index > 0 && /\/(?:kvm|qemu-system-)/.test(argument)) : 0;
  const binary = argv[at];
  if (binary === undefined) throw new TypeError("toStockCommand: no emulator in the command line");
  return { prefix: argv.slice(0, at), binary, rest: argv.slice(at + 1) };
}

/** Options without a value among those that the builder prints; everything else is a pair. */
const BARE_OPTIONS: ReadonlySet<string> = new Set([
  ...["-no-shutdown", "-daemonize", "-nodefaults", "-no-reboot", "-nographic", "-S", "-snapshot", "-no-user-config"],
  ...[
    "-no-hpet",
    "-no-acpi",
    "-s",
    "-usb",
    "-enable-kvm",
    "-full-screen",
    "-win2k-hack",
    "-no-fd-bootchk",
    "-singlestep",
  ],
]);

function pairArguments(rest: readonly string[]): { name: string; value?: string }[] {
  const pairs: { name: string; value?: string }[] = [];
  for (let index = 0; index < rest.length; index += 1) {
    const name = rest[index] ?? "";
    const value = rest[index + 1];
    if (BARE_OPTIONS.has(name) || !name.startsWith("-") || value === undefined) pairs.push({ name });
    else {
      pairs.push({ name, value });
      index += 1;
    }
  }
  return pairs;
}
