/** The files of a cloud-init drive. Pure. */
import { configDriveMeta, configDriveNetwork } from "./config-drive.ts";
import { nocloudMeta, nocloudNetwork } from "./nocloud.ts";
import { opennebulaContext } from "./opennebula.ts";
import type { CloudinitFormat, CloudinitSettings } from "./settings.ts";
import { userData } from "./user-data.ts";

export interface CloudinitParts {
  readonly user: string;
  readonly network: string;
  readonly meta: string;
  readonly vendor: string;
}

const LABELS: Readonly<Record<CloudinitFormat, string>> = {
  nocloud: "cidata",
  configdrive2: "config-2",
  opennebula: "CONTEXT",
};

/** @param snippets texts that take the place of generated ones. */
export function cloudinitParts(settings: CloudinitSettings, snippets: Partial<CloudinitParts> = {}): CloudinitParts {
  const isConfigDrive = settings.format === "configdrive2";
  const user = snippets.user ?? userData(settings);
  const network = snippets.network ?? (isConfigDrive ? configDriveNetwork(settings) : nocloudNetwork(settings));
  const meta = snippets.meta ?? (isConfigDrive ? configDriveMeta(settings, user, network) : nocloudMeta(user, network));
  return { user, network, meta, vendor: snippets.vendor ?? "" };
}

export interface CloudinitImage {
  /** Volume label, by which the guest finds the drive. */
  readonly label: string;
  /** Text by path. */
  readonly files: ReadonlyMap<string, string>;
}

export function cloudinitImage(settings: CloudinitSettings, parts: CloudinitParts): CloudinitImage {
  return { label: LABELS[settings.format], files: new Map(filesOf(settings, parts)) };
}

function filesOf(settings: CloudinitSettings, parts: CloudinitParts): [string, string][] {
  switch (settings.format) {
    case "nocloud":
      return [
        ["user-data", parts.user],
        ["network-config", parts.network],
        ["meta-data", parts.meta],
        ["vendor-data", parts.vendor],
      ];
    case "configdrive2":
      return [
        ["openstack/latest/user_data", parts.user],
        ["openstack/content/0000", parts.network],
        ["openstack/latest/meta_data.json", parts.meta],
        ["openstack/latest/vendor_data.json", parts.vendor],
      ];
    case "opennebula":
      return [["context.sh", opennebulaContext(settings)]];
    default:
      return settings.format satisfies never;
  }
}
