/** The prefix of made-up MAC addresses, from the datacenter's config. */
import type { CachedFiles } from "../../cfs/cached-files.ts";
import type { FileSnapshot } from "../../cfs/port.ts";

export type MacPrefix = () => string | Promise<string>;

const DEFAULT_PREFIX = "BC:24:11";
const PREFIX = /^[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}$/i;

export function macPrefixFrom(files: CachedFiles): MacPrefix {
  return () => files.get("datacenter.cfg", parsePrefix);
}

/** A value that is no prefix is as good as none: the default is always valid. */
function parsePrefix(file: FileSnapshot | undefined): string {
  const [, prefix = ""] = /^mac_prefix:\s*(\S+)\s*$/m.exec(file?.data.toString("utf8") ?? "") ?? [];
  return PREFIX.test(prefix) ? prefix : DEFAULT_PREFIX;
}
