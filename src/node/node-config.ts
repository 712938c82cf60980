/** A node's own options, `nodes/<node>/config`: lines `key: value`, the description as leading comment. Pure. */
import { createHash } from "node:crypto";
import type { FileSnapshot } from "../cfs/port.ts";
import { decodeComment, encodeComment } from "../cluster/datacenter-config.ts";
import type { Properties } from "../rest/schema.ts";

export const NODE_CONFIG_PROPERTIES = {
  acme: {
    type: "string",
    optional: 1,
    format: {
      account: { type: "string", format: "pve-configid", default: "default", optional: 1 },
      domains: { type: "string", format: "pve-acme-domain-list", optional: 1 },
    },
    description: "Account and domains of the node's certificate.",
  },
  "acmedomain[n]": {
    type: "string",
    optional: 1,
    index: [0, 5],
    format: {
      domain: { type: "string", format: "pve-acme-domain", default_key: 1 },
      alias: { type: "string", format: "pve-acme-alias", optional: 1 },
      plugin: { type: "string", format: "pve-configid", default: "standalone", optional: 1 },
    },
    description: "A domain with its way of validation.",
  },
  "ballooning-target": {
    type: "integer",
    minimum: 0,
    maximum: 100,
    default: 80,
    optional: 1,
    description: "Percent of the memory that ballooning aims at.",
  },
  description: { type: "string", maxLength: 65_536, optional: 1, description: "Notes." },
  location: { type: "string", format: "pve-node-location", optional: 1, description: "Where the node stands." },
  "startall-onboot-delay": {
    type: "integer",
    minimum: 0,
    maximum: 300,
    default: 0,
    optional: 1,
    description: "Seconds before the first guest is started at boot.",
  },
  wakeonlan: {
    type: "string",
    optional: 1,
    format: {
      mac: { type: "string", format: "mac-addr", default_key: 1 },
      "bind-interface": {
        type: "string",
        format: "pve-iface",
        default: "The interface carrying the default route",
        optional: 1,
      },
      "broadcast-address": { type: "string", format: "ipv4", default: "255.255.255.255", optional: 1 },
    },
    description: "How the node is woken over the network.",
  },
} as const satisfies Properties;

export type NodeConfig = Readonly<Record<string, string>>;

export function nodeConfigPath(node: string): string {
  return `nodes/${node}/config`;
}

export function isNodeOption(key: string): boolean {
  return /^acmedomain[0-5]$/.test(key) || (Object.hasOwn(NODE_CONFIG_PROPERTIES, key) && !key.endsWith("[n]"));
}

/** Keys that no option has are dropped, as on every node that reads the file. */
export function parseNodeConfig(file: FileSnapshot | undefined): NodeConfig {
  const values: Record<string, string> = {};
  const comments: string[] = [];
  for (const line of (file?.data.toString("utf8") ?? "").split("\n")) {
    if (line.startsWith("#")) comments.push(decodeComment(line.slice(1)));
    const [, key, value] = /^([a-z][a-z0-9-]*):\s*(.*\S)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined && key !== "description" && isNodeOption(key)) values[key] = value;
  }
  if (comments.length > 0) values.description = comments.join("\n");
  return values;
}

export function printNodeConfig({ description, ...values }: NodeConfig): string {
  const comment = description?.split("\n").map((line) => `#${encodeComment(line)}\n`) ?? [];
  const lines = Object.keys(values)
    .sort()
    .map((key) => `${key}: ${values[key]}\n`);
  return [...comment, ...lines].join("");
}

/** Of a file that does not exist yet too. */
export function digestOf(file: FileSnapshot | undefined): string {
  return file?.digest ?? createHash("sha1").update("").digest("hex");
}
