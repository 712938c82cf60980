/** `/cluster/config`: what corosync.conf says. Making and joining clusters is not here yet. */
import type { CachedFiles } from "../cfs/cached-files.ts";
import type { FileSnapshot } from "../cfs/port.ts";
import { ApiError, notBuilt } from "../rest/errors.ts";
import { defineMethod, type Method } from "../rest/method.ts";
import { type CorosyncConfig, parseCorosyncConfig } from "./corosync-config.ts";

const FILE = "corosync.conf";
const AUDIT = { check: ["perm", "/", ["Sys.Audit"]] } as const;
/** What nodes that join say to each other; members with another number are refused. */
const JOIN_API_VERSION = 1;

function parse(file: FileSnapshot | undefined): CorosyncConfig | undefined {
  return file === undefined ? undefined : parseCorosyncConfig(file.data.toString("utf8"));
}

export function configMethods({ files }: { readonly files: CachedFiles }): Method[] {
  return [
    defineMethod({
      path: "/cluster/config/nodes",
      method: "GET",
      name: "nodes",
      description: "Nodes in the cluster's configuration; none outside a cluster.",
      permissions: AUDIT,
      parameters: {},
      returns: {
        type: "array",
        items: { type: "object", properties: { node: { type: "string" } } },
        links: [{ rel: "child", href: "{node}" }],
      },
      handler: async () => (await files.get(FILE, parse))?.nodes ?? [],
    }),
    defineMethod({
      path: "/cluster/config/totem",
      method: "GET",
      name: "totem",
      description: "Settings of the cluster's protocol; empty outside a cluster.",
      permissions: AUDIT,
      parameters: {},
      returns: { type: "object" },
      handler: async () => (await files.get(FILE, parse))?.totem ?? {},
    }),
    defineMethod({
      path: "/cluster/config/apiversion",
      method: "GET",
      name: "join_api_version",
      description: "Version of the way in which nodes join.",
      permissions: AUDIT,
      parameters: {},
      returns: { type: "integer", minimum: 0 },
      handler: () => JOIN_API_VERSION,
    }),
    defineMethod({
      path: "/cluster/config/join",
      method: "GET",
      name: "join_info",
      description: "What another node needs to know to join.",
      permissions: AUDIT,
      parameters: {
        node: {
          type: "string",
          format: "pve-node",
          default: "current connected node",
          optional: 1,
          description: "Node to join by.",
        },
      },
      returns: { type: "object" },
      async handler() {
        if ((await files.get(FILE, parse)) === undefined) {
          throw new ApiError(424, "node is not in a cluster, no join info available!");
        }
        throw notBuilt("joining a cluster");
      },
    }),
  ];
}
