/** The colon-separated lines that nodes broadcast about themselves, their guests and their storages. Pure. */
import type { GuestStatus } from "../guests/port.ts";

type Field = string | number | undefined;

export interface NodeFigures {
  readonly uptimeSeconds: number;
  /** Empty without a subscription. */
  readonly subscriptionLevel: string;
  readonly loadAverage: number;
  readonly cpuCount: number;
  readonly cpu?: number;
  readonly iowait?: number;
  readonly memoryTotal: number;
  readonly memoryUsed: number;
  readonly memoryAvailable: number;
  readonly swapTotal: number;
  readonly swapUsed: number;
  readonly rootTotal: number;
  readonly rootUsed: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly arcBytes: number;
  readonly pressure: {
    readonly cpuSome?: number;
    readonly ioSome?: number;
    readonly ioFull?: number;
    readonly memorySome?: number;
    readonly memoryFull?: number;
  };
}

export function printNodeFigures(figures: NodeFigures, ctime: number): string {
  const { pressure } = figures;
  return join([
    figures.uptimeSeconds,
    figures.subscriptionLevel,
    ctime,
    figures.loadAverage,
    figures.cpuCount,
    figures.cpu,
    figures.iowait,
    figures.memoryTotal,
    figures.memoryUsed,
    figures.swapTotal,
    figures.swapUsed,
    figures.rootTotal,
    figures.rootUsed,
    figures.receivedBytes,
    figures.sentBytes,
    figures.memoryAvailable,
    figures.arcBytes,
    pressure.cpuSome,
    pressure.ioSome,
    pressure.ioFull,
    pressure.memorySome,
    pressure.memoryFull,
  ]);
}

/** Name of a guest's line among the broadcasts. */
export function guestKey(vmid: number): string {
  return `pve-vm-9.0/${vmid}`;
}

export interface GuestFigures {
  /** Epoch seconds. */
  readonly at: number;
  readonly mem?: number;
  readonly diskread?: number;
  readonly diskwrite?: number;
}

/** Some of what {@link printGuestFigures} prints. @returns undefined without a time. */
export function readGuestFigures(fields: readonly string[] | undefined): GuestFigures | undefined {
  const figure = (index: number): number | undefined => {
    const value = Number(fields?.[index] || Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const [at, mem, diskread, diskwrite] = [figure(4), figure(8), figure(13), figure(14)];
  if (at === undefined) return undefined;
  return {
    at,
    ...(mem === undefined ? {} : { mem }),
    ...(diskread === undefined ? {} : { diskread }),
    ...(diskwrite === undefined ? {} : { diskwrite }),
  };
}

/** A guest that does not run has no use of anything, only its sizes. */
export function printGuestFigures(guest: GuestStatus, ctime: number): string {
  const runs = guest.status === "running";
  const live = <T>(value: T): T | undefined => (runs ? value : undefined);
  const pressure = runs ? guest.pressure : undefined;
  return join([
    runs ? guest.uptime : 0,
    guest.name,
    guest.qmpstatus ?? guest.status,
    guest.template ? 1 : 0,
    ctime,
    guest.cpus,
    live(guest.cpu),
    guest.maxmem,
    live(guest.mem),
    guest.maxdisk,
    guest.disk,
    live(guest.netin),
    live(guest.netout),
    live(guest.diskread),
    live(guest.diskwrite),
    guest.type === "lxc" ? undefined : live(guest.memhost),
    pressure?.cpusome,
    pressure?.cpufull,
    pressure?.iosome,
    pressure?.iofull,
    pressure?.memorysome,
    pressure?.memoryfull,
  ]);
}

export function printStorageFigures(status: { readonly total: number; readonly used: number }, ctime: number): string {
  return join([ctime, status.total, status.used]);
}

function join(fields: readonly Field[]): string {
  return fields.map(fieldText).join(":");
}

function fieldText(field: Field): string {
  if (field === undefined || (typeof field === "number" && !Number.isFinite(field))) return "U";
  return typeof field === "number" ? String(field) : field.replace(/[:\n]/g, " ");
}
