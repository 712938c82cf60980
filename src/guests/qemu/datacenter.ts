/** What the datacenter's config decides for VMs: made-up MAC addresses and the form of tags. */
import type { CachedFiles } from "../../cfs/cached-files.ts";
import type { FileSnapshot } from "../../cfs/port.ts";

export interface DatacenterDefaults {
  /** One to three pairs of hex digits: `BC:24:11`. */
  readonly macPrefix: string;
  readonly keepsTagOrder: boolean;
  readonly keepsTagCase: boolean;
}

export type Datacenter = () => DatacenterDefaults | Promise<DatacenterDefaults>;

const DEFAULT_PREFIX = "BC:24:11";
const PREFIX = /^[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}$/i;

export function datacenterFrom(files: CachedFiles): Datacenter {
  return () => files.get("datacenter.cfg", parseDefaults);
}

/** A value that makes no sense is as good as none: the defaults are always valid. */
function parseDefaults(file: FileSnapshot | undefined): DatacenterDefaults {
  const text = file?.data.toString("utf8") ?? "";
  const [, prefix = ""] = /^mac_prefix:\s*(\S+)\s*$/m.exec(text) ?? [];
  const [, style = ""] = /^tag-style:\s*(\S+)\s*$/m.exec(text) ?? [];
  const items = new Set(style.split(","));
  return {
    macPrefix: PREFIX.test(prefix) ? prefix : DEFAULT_PREFIX,
    keepsTagOrder: items.has("ordering=config"),
    keepsTagCase: items.has("case-sensitive=1"),
  };
}
