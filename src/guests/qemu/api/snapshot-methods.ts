/** What the config says of snapshots, and what can be done with the VM's disks. */
import { defineMethod, type Method } from "../../../rest/method.ts";
import type { Storages } from "../../../storage/port.ts";
import type { VmConfigFile } from "../config.ts";
import { VmRefusedError } from "../config-error.ts";
import { checkLock, type VmConfigs } from "../config-store.ts";
import { drivesOf, hasVolume } from "../drives.ts";
import type { Hotplug } from "../hotplug-port.ts";
import { without } from "../pending.ts";
import { snapshotView } from "../views.ts";
import { node, vmid } from "./parameters.ts";

export interface SnapshotMethodsDeps {
  readonly nodeName: string;
  readonly configs: VmConfigs;
  readonly storages: Storages;
  readonly hotplug: Pick<Hotplug, "isRunning">;
}

export function snapshotMethods(deps: SnapshotMethodsDeps): Method[] {
  return [listSnapshots(deps), readSnapshot(deps), describeSnapshot(deps), readFeature(deps)];
}

const snapname = {
  type: "string",
  format: "pve-configid",
  maxLength: 40,
  description: "Name of the snapshot.",
} as const;

const SNAPSHOT_PATH = "/nodes/{node}/qemu/{vmid}/snapshot";

function listSnapshots({ configs, hotplug }: SnapshotMethodsDeps): Method {
  return defineMethod({
    path: SNAPSHOT_PATH,
    method: "GET",
    name: "snapshot_list",
    description: "The snapshots of a VM, and where the current state hangs.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Audit"]] },
    parameters: { node, vmid },
    returns: {
      type: "array",
      items: {
        type: "object",
        properties: {
          name: { type: "string", description: "Name; `current` is the state now." },
          description: { type: "string", description: "Notes." },
          parent: { type: "string", optional: 1, description: "The snapshot before it." },
          snaptime: { type: "integer", optional: 1, description: "When it was taken, epoch seconds." },
          vmstate: { type: "boolean", optional: 1, description: "Whether it has the guest's RAM." },
        },
      },
      links: [{ rel: "child", href: "{name}" }],
    },
    handler: async ({ vmid }) => {
      const file = await configs.load(vmid);
      return snapshotRows(file, await hotplug.isRunning(vmid));
    },
  });
}

function snapshotRows(file: VmConfigFile, isRunning: boolean): Record<string, unknown>[] {
  const rows = Object.entries(file.snapshots).map(([name, section]) => ({
    name,
    description: section.description ?? "",
    vmstate: section.vmstate === undefined ? 0 : 1,
    ...(section.snaptime === undefined ? {} : { snaptime: Number(section.snaptime) }),
    ...(section.parent === undefined ? {} : { parent: section.parent }),
    ...(section.snapstate === undefined ? {} : { snapstate: section.snapstate }),
  }));
  const { parent } = file.current;
  const current = {
    name: "current",
    description: "You are here!",
    digest: file.digest,
    running: isRunning ? 1 : 0,
    ...(parent === undefined ? {} : { parent }),
  };
  return [...rows, current];
}

function readSnapshot({ configs }: SnapshotMethodsDeps): Method {
  return defineMethod({
    path: `${SNAPSHOT_PATH}/{snapname}/config`,
    method: "GET",
    name: "get_snapshot_config",
    description: "The config as a snapshot has it.",
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Snapshot", "VM.Snapshot.Rollback", "VM.Audit"], "any", 1] },
    parameters: { node, vmid, snapname },
    returns: { type: "object" },
    handler: async ({ vmid, snapname }) => {
      const { digest: _, ...view } = snapshotView(await configs.load(vmid), snapname);
      return view;
    },
  });
}

function describeSnapshot({ configs }: SnapshotMethodsDeps): Method {
  return defineMethod({
    path: `${SNAPSHOT_PATH}/{snapname}/config`,
    method: "PUT",
    name: "update_snapshot_config",
    description: "Change the notes of a snapshot.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Snapshot"]] },
    parameters: {
      node,
      vmid,
      snapname,
      description: { type: "string", optional: 1, description: "The notes." },
    },
    returns: { type: "null" },
    handler: ({ vmid, snapname, description }) =>
      configs.locked(vmid, async () => {
        const file = await configs.loadFresh(vmid);
        checkLock(file);
        const section = Object.hasOwn(file.snapshots, snapname) ? file.snapshots[snapname] : undefined;
        if (section === undefined) throw new VmRefusedError(`snapshot '${snapname}' does not exist`);
        if (description === undefined) return;
        const changed = description === "" ? without(section, "description") : { ...section, description };
        await configs.write(vmid, { ...file, snapshots: { ...file.snapshots, [snapname]: changed } }, file.digest);
      }),
  });
}

function readFeature(deps: SnapshotMethodsDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/qemu/{vmid}/feature",
    method: "GET",
    name: "vm_feature",
    description: "Whether something can be done with all disks of a VM by this release, and on which nodes.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Audit"]] },
    parameters: {
      node,
      vmid,
      feature: { type: "string", enum: ["snapshot", "clone", "copy"], description: "What is to be done." },
      snapname: { ...snapname, optional: 1, description: "With the state of this snapshot." },
    },
    returns: {
      type: "object",
      properties: {
        hasFeature: { type: "boolean", description: "Whether it can be done." },
        nodes: {
          type: "array",
          items: { type: "string" },
          description: "Nodes on which all storages of the VM are.",
        },
      },
    },
    handler: ({ vmid, feature, snapname }) => featureOf(deps, { vmid, feature, snapname }),
  });
}

async function featureOf(
  { configs, storages, hotplug, nodeName }: SnapshotMethodsDeps,
  asked: { readonly vmid: number; readonly feature: string; readonly snapname: string | undefined },
): Promise<{ hasFeature: 0 | 1; nodes: string[] }> {
  const file = await configs.load(asked.vmid);
  if (asked.snapname !== undefined) snapshotView(file, asked.snapname);
  // Disks are copied whole while nothing writes to them; snapshots and links are what storages cannot do yet.
  const isCopy = asked.feature === "copy" && asked.snapname === undefined;
  if (!isCopy || (await hotplug.isRunning(asked.vmid))) return { hasFeature: 0, nodes: [] };
  for (const drive of drivesOf(file.current)) {
    if (!hasVolume(drive) || drive.isCdrom) continue;
    await storages.entry((await storages.parse(drive.file)).storage);
  }
  return { hasFeature: 1, nodes: [nodeName] };
}
