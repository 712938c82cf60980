/**
 * Index pages: inner nodes of the tree answer GET with the names below them. Which pages there are is a fact of the API;
 * what they list is what is declared below them, so a page exists once something is.
 */
import type { Method, MethodPermissions } from "./method.ts";
import type { Properties, Schema } from "./schema.ts";

interface IndexPage {
  readonly path: string;
  readonly name?: string;
  /** The property that names a child. */
  readonly key: string;
  readonly permissions?: MethodPermissions;
  readonly proxyto?: string;
  readonly additionalProperties?: 1;
  /** Children that exist but are not listed, as in the reference. */
  readonly omits?: readonly string[];
}

const ALL: MethodPermissions = { user: "all" };
const AUDIT: MethodPermissions = { check: ["perm", "/", ["Sys.Audit"]] };
const STORAGE: MethodPermissions = {
  check: ["perm", "/storage/{storage}", ["Datastore.Audit", "Datastore.AllocateSpace"], "any", 1],
};
const CEPH: MethodPermissions = { check: ["perm", "/", ["Sys.Audit", "Datastore.Audit"], "any", 1] };
const GUEST_OMITS = ["clone", "dbus-vmstate", "feature", "move_disk", "move_volume", "mtunnelwebsocket"];

const PAGES: readonly IndexPage[] = [
  { path: "/", key: "subdir", permissions: ALL },
  { path: "/access", key: "subdir", permissions: ALL, omits: ["permissions", "vncticket"] },
  { path: "/access/openid", key: "subdir", permissions: ALL },
  { path: "/cluster", key: "name", permissions: ALL, omits: ["events"] },
  { path: "/cluster/acme", key: "name", permissions: ALL },
  { path: "/cluster/backup-info", key: "subdir" },
  { path: "/cluster/bulk-action", key: "name", permissions: ALL },
  { path: "/cluster/bulk-action/guest", key: "name", permissions: ALL },
  { path: "/cluster/ceph", name: "cephindex", key: "name", permissions: ALL },
  { path: "/cluster/config", key: "name", permissions: AUDIT },
  { path: "/cluster/firewall", key: "name", permissions: ALL },
  { path: "/cluster/ha", key: "id", permissions: AUDIT },
  { path: "/cluster/ha/status", key: "name", permissions: ALL },
  { path: "/cluster/jobs", key: "subdir", permissions: ALL },
  { path: "/cluster/mapping", key: "name", permissions: ALL },
  { path: "/cluster/metrics", key: "name", permissions: ALL, omits: ["export"] },
  { path: "/cluster/notifications", key: "name", permissions: ALL },
  { path: "/cluster/notifications/endpoints", name: "endpoints_index", key: "name", permissions: ALL },
  { path: "/cluster/qemu", key: "name", permissions: ALL },
  { path: "/cluster/sdn", key: "id", permissions: { check: ["perm", "/sdn", ["SDN.Audit"]] } },
  { path: "/cluster/sdn/fabrics", key: "subdir", permissions: { check: ["perm", "/sdn/fabrics", ["SDN.Audit"]] } },
  { path: "/nodes/{node}", key: "name", permissions: ALL, omits: ["execute", "vncwebsocket"] },
  { path: "/nodes/{node}/apt", key: "id", permissions: ALL },
  { path: "/nodes/{node}/capabilities", key: "name", permissions: ALL, proxyto: "node" },
  { path: "/nodes/{node}/capabilities/qemu", name: "qemu_caps_index", key: "name", permissions: ALL, proxyto: "node" },
  { path: "/nodes/{node}/ceph", key: "name", permissions: CEPH },
  { path: "/nodes/{node}/ceph/cfg", key: "name", permissions: ALL },
  { path: "/nodes/{node}/ceph/pool/{name}", name: "poolindex", key: "name", permissions: CEPH },
  { path: "/nodes/{node}/certificates", key: "name", permissions: ALL },
  { path: "/nodes/{node}/certificates/acme", key: "name", permissions: ALL },
  { path: "/nodes/{node}/disks", key: "name", permissions: ALL, proxyto: "node" },
  { path: "/nodes/{node}/firewall", key: "name", permissions: ALL },
  { path: "/nodes/{node}/hardware", key: "type", permissions: ALL },
  {
    path: "/nodes/{node}/lxc/{vmid}",
    name: "vmdiridx",
    key: "subdir",
    permissions: ALL,
    proxyto: "node",
    omits: [...GUEST_OMITS, "vncwebsocket"],
  },
  { path: "/nodes/{node}/lxc/{vmid}/firewall", key: "name", permissions: ALL, omits: ["log"] },
  { path: "/nodes/{node}/lxc/{vmid}/snapshot/{snapname}", name: "snapshot_cmd_idx", key: "cmd", permissions: ALL },
  { path: "/nodes/{node}/lxc/{vmid}/status", name: "vmcmdidx", key: "subdir", permissions: ALL, proxyto: "node" },
  {
    path: "/nodes/{node}/qemu/{vmid}",
    name: "vmdiridx",
    key: "subdir",
    permissions: ALL,
    proxyto: "node",
    omits: [...GUEST_OMITS, "template", "vncwebsocket"],
  },
  { path: "/nodes/{node}/qemu/{vmid}/agent", key: "name", permissions: ALL, proxyto: "node", additionalProperties: 1 },
  { path: "/nodes/{node}/qemu/{vmid}/firewall", key: "name", permissions: ALL, omits: ["log"] },
  { path: "/nodes/{node}/qemu/{vmid}/snapshot/{snapname}", name: "snapshot_cmd_idx", key: "cmd", permissions: ALL },
  { path: "/nodes/{node}/qemu/{vmid}/status", name: "vmcmdidx", key: "subdir", permissions: ALL, proxyto: "node" },
  { path: "/nodes/{node}/replication/{id}", key: "name", permissions: ALL },
  { path: "/nodes/{node}/scan", key: "method", permissions: ALL },
  { path: "/nodes/{node}/sdn", name: "sdnindex", key: "name", permissions: ALL, proxyto: "node" },
  {
    path: "/nodes/{node}/services/{service}",
    name: "srvcmdidx",
    key: "subdir",
    permissions: { check: ["perm", "/nodes/{node}", ["Sys.Audit"]] },
  },
  { path: "/nodes/{node}/storage/{storage}", name: "diridx", key: "subdir", permissions: STORAGE },
  { path: "/nodes/{node}/tasks/{upid}", name: "upid_index", key: "name", permissions: ALL },
];

/** The index pages that `methods` call for and do not declare themselves. */
export function indexPages(methods: readonly Method[]): Method[] {
  const declared = new Set(methods.filter(({ method }) => method === "GET").map(({ path }) => path));
  const made: Method[] = [];
  // Deepest first, so that a page is itself a child of the page above it.
  for (const page of PAGES.toReversed()) {
    if (declared.has(page.path)) continue;
    const children = childNames(page.path, [...methods, ...made]);
    if (children.length > 0) made.push(makePage(page, children, methods));
  }
  return made.reverse();
}

/** The literal path components right below `path`, sorted. */
export function childNames(path: string, methods: readonly Method[]): string[] {
  const prefix = path === "/" ? "/" : `${path}/`;
  const names = new Set<string>();
  for (const method of methods) {
    if (method.path === "/" || !method.path.startsWith(prefix)) continue;
    const name = method.path.slice(prefix.length).split("/")[0] ?? "";
    if (name !== "" && !name.startsWith("{")) names.add(name);
  }
  return [...names].sort();
}

function makePage(page: IndexPage, children: readonly string[], methods: readonly Method[]): Method {
  const listed = children.filter((child) => page.omits?.includes(child) !== true);
  const result = Object.freeze(listed.map((child) => Object.freeze({ [page.key]: child })));
  const returns: Schema = {
    type: "array",
    items: { type: "object", properties: { [page.key]: { type: "string" } } },
    links: [{ rel: "child", href: `{${page.key}}` }],
  };
  return {
    path: page.path,
    method: "GET",
    name: page.name ?? "index",
    description: "List what is below this path.",
    ...(page.proxyto === undefined ? {} : { proxyto: page.proxyto }),
    ...(page.permissions === undefined ? {} : { permissions: page.permissions }),
    ...(page.additionalProperties === undefined ? {} : { additionalProperties: page.additionalProperties }),
    parameters: pathParameters(page.path, methods),
    returns,
    handler: () => result,
  };
}

/** The schemas of the page's path parameters, taken from a method below it. */
function pathParameters(path: string, methods: readonly Method[]): Properties {
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? "");
  const below = methods.find((method) => method.path.startsWith(`${path}/`));
  return Object.fromEntries(names.map((name) => [name, below?.parameters[name] ?? { type: "string" }]));
}
