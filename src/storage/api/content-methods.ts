/** `/nodes/{node}/storage/{storage}/content`: volumes, one by one and in lists. */
import { ApiError, parameterError } from "../../rest/errors.ts";
import { type CallContext, defineMethod, type Method } from "../../rest/method.ts";
import type { ListedVolume, ParsedVolume, StorageEntry } from "../port.ts";
import { checkVolumeAccess } from "../volume-access.ts";
import { matchVolumeId, parseDirVolname } from "../volume-names.ts";
import { answering } from "./answers.ts";
import type { StorageMethodDeps } from "./method-deps.ts";
import { given, NODE, STORAGE, STORAGE_OPTIONAL, VMID, VMID_OPTIONAL, volumeIdOf } from "./parameters.ts";
import { authidOf, requireVolumeAccess, STORAGE_VISIBLE } from "./permissions.ts";

const KIB_PER_UNIT: Readonly<Record<string, number>> = { "": 1, M: 1024, G: 1024 * 1024 };
const VOLUME = { type: "string", description: "Volume id, or volume name of the storage." } as const;
/** Most protected backups of one guest when nothing is set and the caller does not manage the storage. */
const DEFAULT_MAX_PROTECTED = 5;

export function contentMethods(deps: StorageMethodDeps): Method[] {
  const { storages, tasks } = deps;
  return [
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/content",
      method: "GET",
      name: "index",
      description: "List what lies on a storage.",
      protected: 1,
      proxyto: "node",
      permissions: STORAGE_VISIBLE,
      parameters: {
        node: NODE,
        storage: STORAGE,
        content: { type: "string", format: "pve-storage-content", optional: 1, description: "Only this content." },
        vmid: { ...VMID_OPTIONAL, description: "Only what belongs to this guest." },
      },
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            volid: { type: "string" },
            format: { type: "string" },
            size: { type: "integer", optional: 1 },
            "approximate-size": { type: "integer", optional: 1 },
            used: { type: "integer", optional: 1 },
            vmid: { type: "integer", optional: 1 },
            parent: { type: "string", optional: 1 },
            ctime: { type: "integer", minimum: 0, optional: 1 },
            notes: { type: "string", optional: 1 },
            protected: { type: "boolean", optional: 1 },
            encrypted: { type: "string", optional: 1 },
            verification: {
              type: "object",
              optional: 1,
              properties: { state: { type: "string" }, upid: { type: "string" } },
            },
          },
        },
        links: [{ rel: "child", href: "{volid}" }],
      },
      handler: ({ storage, content, vmid }, call) =>
        answering(async () => {
          const listed = await storages.list(storage, given({ content, vmid }));
          return listed
            .filter((volume) => maySee(call, volume))
            .map(({ parent, ...volume }) => (parent === null || parent === undefined ? volume : { ...volume, parent }));
        }),
    }),
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/content",
      method: "POST",
      name: "create",
      description: "Make an image.",
      protected: 1,
      proxyto: "node",
      permissions: { check: ["perm", "/storage/{storage}", ["Datastore.AllocateSpace"]] },
      parameters: {
        node: NODE,
        storage: STORAGE,
        filename: { type: "string", description: "Name of the file." },
        vmid: { ...VMID, description: "Owner." },
        size: { type: "string", pattern: "\\d+[MG]?", description: "Size in KiB, or with M or G." },
        format: {
          type: "string",
          enum: ["raw", "qcow2", "subvol", "vmdk"],
          requires: "size",
          optional: 1,
          description: "Format of the image.",
        },
      },
      returns: { type: "string" },
      handler: ({ storage, filename, vmid, size, format }) =>
        answering(() => {
          const sizeKiB = parseSizeKiB(size);
          const suffix = /\.(raw|qcow2|vmdk|subvol)$/.exec(filename)?.[1];
          if (suffix !== undefined && format !== undefined && suffix !== format) {
            throw parameterError({ format: `different storage formats (${suffix} != ${format})` });
          }
          return storages.allocate({ storage, vmid, name: filename, sizeKiB, ...given({ format: format ?? suffix }) });
        }),
    }),
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/content/{volume}",
      method: "GET",
      name: "info",
      description: "What one volume is.",
      protected: 1,
      proxyto: "node",
      hasTrailingPath: true,
      permissions: { user: "all", extra_checks_in_code: {} },
      parameters: { node: NODE, storage: STORAGE_OPTIONAL, volume: VOLUME },
      returns: {
        type: "object",
        properties: {
          path: { type: "string" },
          size: { type: "integer" },
          used: { type: "integer" },
          format: { type: "string" },
          notes: { type: "string", optional: 1 },
          protected: { type: "boolean", optional: 1 },
        },
      },
      handler: ({ storage, volume }, call) =>
        answering(async () => {
          const volid = volumeIdOf(storage, volume);
          await requireVolumeAccess(deps, call, { volid });
          const { sizeBytes, usedBytes, format } = await storages.info(volid);
          const { notes, isProtected } = await storages.attributes(volid);
          const flags = isProtected === undefined ? {} : { protected: isProtected ? 1 : 0 };
          return {
            path: await storages.pathOf(volid),
            size: sizeBytes,
            used: usedBytes,
            format,
            ...given({ notes }),
            ...flags,
          };
        }),
    }),
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/content/{volume}",
      method: "PUT",
      name: "updateattributes",
      description: "Change the notes or the protection of a backup.",
      protected: 1,
      proxyto: "node",
      hasTrailingPath: true,
      permissions: { user: "all", extra_checks_in_code: {} },
      parameters: {
        node: NODE,
        storage: STORAGE_OPTIONAL,
        volume: VOLUME,
        notes: { type: "string", optional: 1, description: "New notes; empty removes them." },
        protected: { type: "boolean", optional: 1, description: "Whether it may not be removed." },
      },
      returns: { type: "null" },
      handler: ({ storage, volume, notes, protected: isProtected }, call) =>
        answering(async () => {
          const volid = volumeIdOf(storage, volume);
          const parsed = await requireVolumeAccess(deps, call, { volid });
          if (isProtected === true) await requireRoomForProtected(deps, call, parsed);
          await storages.setAttributes(volid, given({ notes, isProtected }));
          return null;
        }),
    }),
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/content/{volume}",
      method: "DELETE",
      name: "delete",
      description: "Remove a volume.",
      protected: 1,
      proxyto: "node",
      hasTrailingPath: true,
      permissions: {
        user: "all",
        extra_checks_in_code: { privs: ["Datastore.Allocate", "Datastore.AllocateSpace", "VM.Backup"] },
      },
      parameters: {
        node: NODE,
        storage: STORAGE_OPTIONAL,
        volume: VOLUME,
        delay: { type: "integer", minimum: 1, maximum: 30, optional: 1, description: "Seconds to wait for the end." },
      },
      returns: { type: "string", optional: 1 },
      handler: ({ storage, volume, delay }, call) =>
        answering(async () => {
          const volid = volumeIdOf(storage, volume);
          const parsed = await storages.parse(volid);
          requireRemovalRight(call, parsed);
          const { isProtected } = await storages.attributes(volid);
          if (isProtected === true) {
            throw new ApiError(500, `cannot remove protected volume '${parsed.volname}' on '${parsed.storage}'`);
          }
          const owner = `${parsed.vmid ?? ""}@${parsed.storage}`;
          const upid = await tasks.start({ type: "imgdel", id: owner, authid: authidOf(call), args: { volid } });
          const status = delay === undefined ? undefined : await deps.waitForTask?.(upid, delay * 1000);
          // Ended in time: nothing is left to follow.
          if (status === "OK") return null;
          if (status !== undefined) throw new ApiError(500, status);
          return upid;
        }),
    }),
  ];
}

function maySee(call: CallContext, { volid, vmid }: ListedVolume): boolean {
  const { storage, volname } = matchVolumeId(volid) ?? {};
  if (storage === undefined || volname === undefined) return false;
  const { vtype } = parseDirVolname(volname);
  const volume = { storage, vtype, ...given({ vmid }) };
  return checkVolumeAccess(call.access, { authid: authidOf(call), volid, volume }).kind === "allowed";
}

function parseSizeKiB(size: string): number {
  const [, digits, unit] = /^(\d+)([MG]?)$/.exec(size) ?? [];
  const factor = KIB_PER_UNIT[unit ?? ""];
  const sizeKiB = Number(digits) * (factor ?? Number.NaN);
  if (!Number.isSafeInteger(sizeKiB * 1024)) throw parameterError({ size: `unable to parse size '${size}'` });
  return sizeKiB;
}

/** Backups of a guest by whoever may make them; everything else by whoever manages the storage. */
function requireRemovalRight(call: CallContext, { storage, vtype, vmid }: ParsedVolume): void {
  const path = `/storage/${storage}`;
  if (vtype !== "backup" || vmid === undefined || call.can(path, ["Datastore.Allocate"])) {
    call.check(path, ["Datastore.Allocate"]);
    return;
  }
  call.check(path, ["Datastore.AllocateSpace"]);
  call.check(`/vms/${vmid}`, ["VM.Backup"]);
}

async function requireRoomForProtected(
  { storages }: StorageMethodDeps,
  call: CallContext,
  { storage, volname, vmid }: ParsedVolume,
): Promise<void> {
  const limit = maxProtected(await storages.entry(storage), call);
  if (limit < 0 || vmid === undefined) return;
  const backups = await storages.list(storage, { vmid, content: "backup" });
  const others = backups.filter((backup) => backup.protected === 1 && backup.volid !== `${storage}:${volname}`);
  if (others.length < limit) return;
  throw new ApiError(500, `The number of protected backups per guest is limited to ${limit} on storage '${storage}'`);
}

function maxProtected(entry: StorageEntry, call: CallContext): number {
  const set = entry.options["max-protected-backups"];
  if (typeof set === "number") return set;
  return call.can(`/storage/${entry.storage}`, ["Datastore.Allocate"]) ? -1 : DEFAULT_MAX_PROTECTED;
}
