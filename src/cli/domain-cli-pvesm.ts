/** `pvesm`: storages and volumes. */
import type { ToolTable } from "./domain-cli.ts";
import { renderContent, renderStorages, renderTable } from "./renderers.ts";

const HERE = "/nodes/{node}/storage";

export const pvesmTable: ToolTable = {
  name: "pvesm",
  commands: {
    add: { verb: "POST", path: "/storage", args: ["type", "storage"], render: () => "" },
    set: { verb: "PUT", path: "/storage/{storage}", args: ["storage"], render: () => "" },
    remove: { verb: "DELETE", path: "/storage/{storage}", args: ["storage"] },
    config: { verb: "GET", path: "/storage/{storage}", args: ["storage"], render: renderTable },
    status: { verb: "GET", path: HERE, render: renderStorages },
    list: { verb: "GET", path: `${HERE}/{storage}/content`, args: ["storage"], render: renderContent },
    alloc: { verb: "POST", path: `${HERE}/{storage}/content`, args: ["storage", "vmid", "filename", "size"] },
    free: {
      verb: "DELETE",
      path: `${HERE}/{storage}/content/{volume}`,
      args: ["volume"],
      derive: ({ volume }) => ({ storage: String(volume).split(":")[0] ?? "" }),
    },
    "prune-backups": { verb: "GET", path: `${HERE}/{storage}/prunebackups`, args: ["storage"] },
    "scan nfs": { verb: "GET", path: "/nodes/{node}/scan/nfs", args: ["server"] },
    "scan cifs": { verb: "GET", path: "/nodes/{node}/scan/cifs", args: ["server"] },
    "scan iscsi": { verb: "GET", path: "/nodes/{node}/scan/iscsi", args: ["portal"] },
    "scan lvm": { verb: "GET", path: "/nodes/{node}/scan/lvm" },
    "scan zfs": { verb: "GET", path: "/nodes/{node}/scan/zfs" },
  },
};
