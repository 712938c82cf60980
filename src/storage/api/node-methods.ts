/** `/nodes/{node}/storage`: which storages a node has and how full they are. */
import { parameterError } from "../../rest/errors.ts";
import { defineMethod, type Method } from "../../rest/method.ts";
import type { Schema } from "../../rest/schema.ts";
import { splitList } from "../../rest/split-list.ts";
import type { StorageEntry } from "../port.ts";
import { STORAGE_TYPES } from "../types.ts";
import { contentText } from "./answers.ts";
import type { StorageMethodDeps } from "./method-deps.ts";
import { NODE, STORAGE, STORAGE_OPTIONAL } from "./parameters.ts";
import { canSee, STORAGE_VISIBLE } from "./permissions.ts";

const FORMATS = ["qcow2", "raw", "subvol", "vmdk"] as const;
const STATUS_PROPERTIES = {
  type: { type: "string" },
  content: { type: "string", format: "pve-storage-content-list" },
  enabled: { type: "boolean", optional: 1 },
  active: { type: "boolean", optional: 1 },
  shared: { type: "boolean", optional: 1 },
  total: { type: "integer", optional: 1 },
  used: { type: "integer", optional: 1 },
  avail: { type: "integer", optional: 1 },
} as const satisfies Record<string, Schema>;

export function nodeMethods(deps: StorageMethodDeps): Method[] {
  const { storages } = deps;
  return [
    defineMethod({
      path: "/nodes/{node}/storage",
      method: "GET",
      name: "index",
      description: "List the storages of a node with their state.",
      protected: 1,
      proxyto: "node",
      permissions: {
        user: "all",
        extra_checks_in_code: { privs: ["Datastore.AllocateSpace", "Datastore.Audit"], paths: ["/storage/<storage>"] },
      },
      parameters: {
        node: NODE,
        storage: { ...STORAGE_OPTIONAL, description: "Only this storage." },
        content: {
          type: "string",
          format: "pve-storage-content-list",
          optional: 1,
          description: "Only storages for one of these contents.",
        },
        enabled: { type: "boolean", optional: 1, default: 0, description: "Leave out what this node cannot use." },
        target: { ...NODE, optional: 1, description: "Only storages that this other node can use too." },
        format: { type: "boolean", optional: 1, default: 0, description: "Tell the formats of images." },
      },
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            storage: { type: "string", format: "pve-storage-id" },
            ...STATUS_PROPERTIES,
            used_fraction: { type: "number", optional: 1 },
            select_existing: { type: "boolean", optional: 1 },
            formats: {
              type: "object",
              optional: 1,
              properties: {
                default: { type: "string", enum: FORMATS },
                supported: { type: "array", items: { type: "string", enum: FORMATS } },
              },
            },
          },
        },
        links: [{ rel: "child", href: "{storage}" }],
      },
      async handler({ node, storage, content, enabled, target, format }, call) {
        const wanted = content === undefined ? undefined : splitList(content);
        const isUsable = (entry: StorageEntry, at: string): boolean =>
          entry.isEnabled && entry.nodes?.has(at) !== false;
        const chosen = (await storages.entries())
          .filter((entry) => storage === undefined || entry.storage === storage)
          .filter((entry) => wanted === undefined || wanted.some((name) => entry.content.has(name)))
          .filter((entry) => enabled !== true || isUsable(entry, node))
          .filter(
            (entry) => target === undefined || target === node || (isUsable(entry, node) && isUsable(entry, target)),
          )
          .filter((entry) => canSee(call, entry.storage));
        return Promise.all(
          chosen.map(async (entry) => {
            const state = await stateOf(deps, entry);
            const fraction = state.total > 0 ? { used_fraction: state.used / state.total } : {};
            const formats = format === true ? { formats: formatsOf(entry) } : {};
            const existing = STORAGE_TYPES[entry.type]?.selectsExisting === true ? { select_existing: 1 } : {};
            return { storage: entry.storage, ...state, ...fraction, ...existing, ...formats };
          }),
        );
      },
    }),
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/status",
      method: "GET",
      name: "read_status",
      description: "How full one storage is.",
      protected: 1,
      proxyto: "node",
      permissions: STORAGE_VISIBLE,
      parameters: { node: NODE, storage: STORAGE },
      returns: { type: "object", properties: STATUS_PROPERTIES },
      async handler({ storage }) {
        const entry = (await storages.entries()).find((known) => known.storage === storage);
        if (entry === undefined) throw parameterError({ storage: "No such storage." });
        return stateOf(deps, entry);
      },
    }),
  ];
}

/** A storage that is disabled, not of this node, or silent is a row like any other: inactive and empty. */
async function stateOf({ storages }: StorageMethodDeps, entry: StorageEntry) {
  const isUsable = entry.isEnabled && entry.nodes?.has(storages.nodeName) !== false;
  const status = isUsable ? await storages.statusOf(entry) : undefined;
  return {
    type: entry.type,
    content: contentText(entry),
    enabled: isUsable ? 1 : 0,
    active: status?.active === true ? 1 : 0,
    shared: entry.isShared ? 1 : 0,
    total: status?.total ?? 0,
    used: status?.used ?? 0,
    avail: status?.avail ?? 0,
  };
}

function formatsOf(entry: StorageEntry): { default: string; supported: readonly string[] } {
  const rules = STORAGE_TYPES[entry.type];
  const { format } = entry.options;
  return {
    default: typeof format === "string" ? format : (rules?.defaultFormat ?? "raw"),
    supported: rules?.formats ?? ["raw"],
  };
}
