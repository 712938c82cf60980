/** `/nodes/{node}/config` and waking a node that is switched off. */
import type { ClusterFs } from "../cfs/port.ts";
import { sendMagicPacket } from "../os/wake-on-lan.ts";
import { ApiError, parameterError } from "../rest/errors.ts";
import { defineMethod, type Method } from "../rest/method.ts";
import { parsePropertyString } from "../rest/property-string.ts";
import { splitList } from "../rest/split-list.ts";
import {
  digestOf,
  isNodeOption,
  NODE_CONFIG_PROPERTIES,
  nodeConfigPath,
  parseNodeConfig,
  printNodeConfig,
} from "./node-config.ts";
import { NODE } from "./node-parameter.ts";

const PROPERTY_NAMES = [
  "acme",
  "acmedomain0",
  "acmedomain1",
  "acmedomain2",
  "acmedomain3",
  "acmedomain4",
  "acmedomain5",
  "ballooning-target",
  "description",
  "location",
  "startall-onboot-delay",
  "wakeonlan",
] as const;
const NUMBERS: ReadonlySet<string> = new Set(["ballooning-target", "startall-onboot-delay"]);
const DIGEST = { type: "string", maxLength: 40, optional: 1, description: "Fail if the file changed since." } as const;

export function nodeConfigMethods({ cfs }: { readonly cfs: ClusterFs }): Method[] {
  return [
    defineMethod({
      path: "/nodes/{node}/config",
      method: "GET",
      name: "get_config",
      description: "A node's own options.",
      proxyto: "node",
      permissions: { check: ["perm", "/", ["Sys.Audit"]] },
      parameters: {
        node: NODE,
        property: {
          type: "string",
          enum: PROPERTY_NAMES,
          default: "all",
          optional: 1,
          description: "Only this option.",
        },
      },
      returns: { type: "object", properties: { ...NODE_CONFIG_PROPERTIES, digest: DIGEST } },
      async handler({ node, property }) {
        const file = await cfs.read(nodeConfigPath(node));
        const values = Object.entries(parseNodeConfig(file))
          .filter(([key]) => property === undefined || key === property)
          .map(([key, value]) => [key, NUMBERS.has(key) ? Number(value) : value]);
        return { ...Object.fromEntries(values), digest: digestOf(file) };
      },
    }),
    defineMethod({
      path: "/nodes/{node}/config",
      method: "PUT",
      name: "set_options",
      description: "Change a node's own options.",
      protected: 1,
      proxyto: "node",
      permissions: { check: ["perm", "/", ["Sys.Modify"]] },
      parameters: {
        ...NODE_CONFIG_PROPERTIES,
        node: NODE,
        delete: { type: "string", format: "pve-configid-list", optional: 1, description: "Options to reset." },
        digest: DIGEST,
      },
      returns: { type: "null" },
      async handler({ node, delete: removed, digest, ...given }) {
        await changeNodeConfig(cfs, node, { given, removed: splitList(removed ?? ""), digest });
        return undefined;
      },
    }),
    defineMethod({
      path: "/nodes/{node}/wakeonlan",
      method: "POST",
      name: "wakeonlan",
      description: "Wake a node over the network.",
      protected: 1,
      permissions: { check: ["perm", "/nodes/{node}", ["Sys.PowerMgmt"]] },
      parameters: { node: NODE },
      returns: { type: "string", format: "mac-addr" },
      async handler({ node }) {
        if (node === cfs.nodeName) throw new ApiError(500, `'${node}' is local node, cannot wake my self!`);
        const text = parseNodeConfig(await cfs.read(nodeConfigPath(node))).wakeonlan;
        if (text === undefined) throw new ApiError(500, `No wake on LAN MAC address defined for '${node}'!`);
        const options = parsePropertyString(NODE_CONFIG_PROPERTIES.wakeonlan.format, text);
        await sendMagicPacket({
          mac: options.mac,
          broadcastAddress: options["broadcast-address"] ?? "255.255.255.255",
          interfaceName: options["bind-interface"],
        });
        return options.mac;
      },
    }),
  ];
}

interface Change {
  readonly given: Readonly<Record<string, unknown>>;
  readonly removed: readonly string[];
  readonly digest: string | undefined;
}

async function changeNodeConfig(cfs: ClusterFs, node: string, { given, removed, digest }: Change): Promise<void> {
  for (const key of removed) {
    if (!isNodeOption(key)) throw parameterError({ delete: `unknown option '${key}'` });
    if (given[key] !== undefined) {
      throw parameterError({ [key]: `you can't use '-${key}' and -delete ${key} at the same time` });
    }
  }
  await cfs.lock(`node-${node}`, async () => {
    const path = nodeConfigPath(node);
    const file = await cfs.read(path);
    if (digest !== undefined && digest !== digestOf(file)) {
      throw new ApiError(500, "detected modified configuration - file changed by other user? Try again.");
    }
    const values: Record<string, string> = { ...parseNodeConfig(file) };
    for (const key of removed) delete values[key];
    for (const [key, value] of Object.entries(given)) if (value !== undefined) values[key] = String(value);
    await cfs.write(path, printNodeConfig(values), { ifDigest: file?.digest ?? null });
  });
}
