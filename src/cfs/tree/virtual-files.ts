/** The texts of the virtual files. Written to the byte as readers expect them. */
import type { ClusterInfo } from "../port.ts";
import { type ClusterLog, renderClusterLog } from "./cluster-log.ts";
import type { GuestList } from "./guest-list.ts";
import { VERSIONED_PATHS, type VirtualFileName } from "./paths.ts";
import type { StatusTable } from "./status.ts";
import type { Tree } from "./tree.ts";

export interface VersionFileInput {
  /** Epoch seconds of the daemon's start: clients drop everything when it changes. */
  readonly startTime: number;
  readonly membersVersion: number;
  readonly tree: Tree;
  readonly status: StatusTable;
}

/** `.version`: a counter for everything that readers cache. */
export function renderVersion({ startTime, membersVersion, tree, status }: VersionFileInput): string {
  let text = `{\n"starttime": ${startTime},\n"clinfo": ${membersVersion},\n"vmlist": ${tree.guests.version},\n`;
  for (const path of VERSIONED_PATHS) text += `"${path}": ${tree.counter(path)},\n`;
  const nodes = status.nodes().map(([node, values]) => {
    const lines = [...values].map(([key, { version }]) => `${JSON.stringify(key)}: ${version}`);
    return `"${node}": {\n${lines.join(",\n")}}\n`;
  });
  return `${text}"kvstore": {\n${nodes.join(",\n")}}\n}\n`;
}

/** `.members`. */
export function renderMembers(info: ClusterInfo, membersVersion: number): string {
  const head = `{\n"nodename": "${info.nodeName}",\n"version": ${membersVersion}`;
  if (info.cluster === undefined) return `${head}\n}\n`;
  const { name, version, members } = info.cluster;
  const quorate = info.isQuorate ? 1 : 0;
  const nodes = members.map(
    (member) =>
      `  "${member.name}": { "id": ${member.id}, "online": ${member.online ? 1 : 0}` +
      `${member.ip === undefined ? "" : `, "ip": "${member.ip}"`}}`,
  );
  return (
    `${head},\n"cluster": { "name": "${name}", "version": ${version}, "nodes": ${members.length}, "quorate": ${quorate} },\n` +
    `"nodelist": {\n${nodes.join(",\n")}\n  }\n}\n`
  );
}

/** `.vmlist`. */
export function renderGuestList(guests: GuestList): string {
  if (guests.entries.size === 0) return `{\n"version": ${guests.version}\n\n}\n`;
  const lines = [...guests.entries.values()].map(
    ({ vmid, node, type, version }) => `"${vmid}": { "node": "${node}", "type": "${type}", "version": ${version} }`,
  );
  return `{\n"version": ${guests.version},\n"ids": {\n${lines.join(",\n")}}\n\n}\n`;
}

/** `.rrd`. */
export function renderRrd(rrd: ReadonlyMap<string, string>): string {
  let text = "";
  for (const [key, data] of rrd) text += `${key}:${data}\n`;
  return text;
}

/** What the virtual files show. */
export interface VirtualFileSource extends VersionFileInput {
  readonly clusterLog: ClusterLog;
  readonly isDebug: boolean;
  info(): ClusterInfo;
  rrd(): ReadonlyMap<string, string>;
}

export function renderVirtualFile(name: VirtualFileName, source: VirtualFileSource): string {
  switch (name) {
    case ".version":
      return renderVersion(source);
    case ".members":
      return renderMembers(source.info(), source.membersVersion);
    case ".vmlist":
      return renderGuestList(source.tree.guests);
    case ".rrd":
      return renderRrd(source.rrd());
    case ".clusterlog":
      return renderClusterLog(source.clusterLog.newest());
    case ".debug":
      return source.isDebug ? "1\n" : "0\n";
    default:
      return name satisfies never;
  }
}
