/** Statistics: what the rest of the program may use. */
export { type StatsMethodDeps, statsMethods } from "./api.ts";
export { NodeFigureReader } from "./node-figures.ts";
export type { BalloonControl, CpuFlagSource, ReleaseInfo } from "./port.ts";
export { RrdArchive, type RrdArchiveDeps, type RrdQuery, type RrdRow } from "./rrd-archive.ts";
export { printGuestFigures } from "./rrd-strings.ts";
export { RrdCachedClient, rrdcachedCommand } from "./rrdcached.ts";
export { StatusCycle, type StatusCycleDeps } from "./status-cycle.ts";
export { StatusLoop } from "./status-loop.ts";
