/** `rrddata`: figures over time, of a node, a guest and a storage. */
import { defineMethod, type Method } from "../rest/method.ts";
import type { RrdArchive, RrdQuery } from "./rrd-archive.ts";
import { CONSOLIDATIONS, type Consolidation } from "./rrd-schema.ts";

export interface StatsMethodDeps {
  readonly archive: RrdArchive;
}

const NODE = { type: "string", format: "pve-node", description: "Node name." } as const;
const CF = {
  type: "string",
  enum: CONSOLIDATIONS,
  optional: 1,
  description: "How the values of a span become one.",
} as const;
const SHORT_FRAMES = ["hour", "day", "week", "month", "year"] as const;
const TIMEFRAME = { type: "string", enum: SHORT_FRAMES, description: "How far back." } as const;
const ROWS = { type: "array", items: { type: "object", properties: {} } } as const;
const STORAGE_VISIBLE = ["Datastore.Audit", "Datastore.AllocateSpace"] as const;

export function statsMethods({ archive }: StatsMethodDeps): Method[] {
  const rows = ({ cf, ...query }: Omit<RrdQuery, "consolidation"> & { cf: Consolidation | undefined }) =>
    archive.query({ ...query, ...(cf === undefined ? {} : { consolidation: cf }) });
  return [
    defineMethod({
      path: "/nodes/{node}/rrddata",
      method: "GET",
      name: "rrddata",
      description: "Figures of the node over time.",
      protected: 1,
      permissions: { check: ["perm", "/nodes/{node}", ["Sys.Audit"]] },
      parameters: {
        node: NODE,
        timeframe: { type: "string", enum: [...SHORT_FRAMES, "decade"], description: "How far back." },
        cf: CF,
      },
      returns: ROWS,
      handler: ({ node, timeframe, cf }) => rows({ kind: "node", names: [node], timeframe, cf }),
    }),
    defineMethod({
      path: "/nodes/{node}/qemu/{vmid}/rrddata",
      method: "GET",
      name: "rrddata",
      description: "Figures of the VM over time.",
      protected: 1,
      permissions: { check: ["perm", "/vms/{vmid}", ["VM.Audit"]] },
      parameters: {
        node: NODE,
        vmid: { type: "integer", format: "pve-vmid", minimum: 100, maximum: 999_999_999, description: "VM id." },
        timeframe: TIMEFRAME,
        cf: CF,
      },
      returns: ROWS,
      handler: ({ vmid, timeframe, cf }) => rows({ kind: "vm", names: [String(vmid)], timeframe, cf }),
    }),
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/rrddata",
      method: "GET",
      name: "rrddata",
      description: "How full the storage was over time.",
      protected: 1,
      proxyto: "node",
      permissions: { check: ["perm", "/storage/{storage}", STORAGE_VISIBLE, "any", 1] },
      parameters: {
        node: NODE,
        storage: { type: "string", format: "pve-storage-id", description: "Storage id." },
        timeframe: TIMEFRAME,
        cf: CF,
      },
      returns: ROWS,
      handler: ({ node, storage, timeframe, cf }) => rows({ kind: "storage", names: [node, storage], timeframe, cf }),
    }),
  ];
}
