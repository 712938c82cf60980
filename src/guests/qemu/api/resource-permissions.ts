/** Rights on what a VM uses beside itself: space on storages, existing volumes, bridges. */
import { ApiError, permissionError } from "../../../rest/errors.ts";
import type { CallContext } from "../../../rest/method.ts";
import type { Storages } from "../../../storage/port.ts";
import { namingParameter } from "../config-error.ts";
import { newDiskStorage } from "../disks.ts";
import { type Drive, readRequestedDrive, unusedVolume } from "../drives.ts";
import { net as netProperties } from "../schema/devices.ts";
import { readProperties } from "../values.ts";
import { isRoot } from "./option-permissions.ts";

/** @throws ApiError 403 unless the caller may attach all of these drives to this VM. */
export async function checkDrives(
  call: CallContext,
  storages: Storages,
  requested: Readonly<Record<string, string>>,
  vmid: number,
): Promise<void> {
  for (const [key, text] of Object.entries(requested))
    await namingParameter(key, () => checkDrive(call, storages, readRequestedDrive(key, text), vmid));
}

async function checkDrive(call: CallContext, storages: Storages, drive: Drive, vmid: number): Promise<void> {
  const storage = newDiskStorage(drive);
  const source = drive.options["import-from"];
  if (storage !== undefined) call.check(`/storage/${storage}`, ["Datastore.AllocateSpace"]);
  else await checkVolume(call, storages, drive.file, vmid);
  if (typeof source === "string") await checkVolume(call, storages, source, vmid);
}

async function checkVolume(call: CallContext, storages: Storages, file: string, vmid: number): Promise<void> {
  if (file === "none" || isRoot(call)) return;
  if (file === "cdrom") {
    call.check("/", ["Sys.Console"]);
    return;
  }
  if (file.startsWith("/")) throw new ApiError(403, "Only root can pass arbitrary filesystem paths.");
  const volume = await storages.parse(file);
  const path = `/storage/${volume.storage}`;
  if (call.can(path, ["Datastore.Allocate"])) return;
  const isLibrary = volume.vtype === "iso" || volume.vtype === "vztmpl" || volume.vtype === "import";
  if (isLibrary) {
    call.check(path, ["Datastore.AllocateSpace", "Datastore.Audit"], { any: true });
    return;
  }
  if (volume.vmid === vmid) return;
  const isOthersDisk = volume.vtype === "images" && volume.vmid !== undefined;
  const mayTakeIt =
    isOthersDisk && call.can(path, ["Datastore.Audit"]) && call.can(`/vms/${volume.vmid}`, ["VM.Config.Disk"]);
  if (!mayTakeIt) throw permissionError(`missing privileges to access ${file}`);
}

/** @throws ApiError 403 unless the caller may list these volumes, which have to be there, as the VM's unused ones. */
export async function checkUnused(
  call: CallContext,
  storages: Storages,
  options: Readonly<Record<string, string>>,
  vmid: number,
): Promise<void> {
  for (const [key, text] of Object.entries(options)) {
    if (!/^unused\d+$/.test(key)) continue;
    const volid = unusedVolume(key, text);
    await namingParameter(key, async () => {
      await checkVolume(call, storages, volid, vmid);
      await storages.info(volid);
    });
  }
}

/** @throws ApiError 403 unless the caller may use the bridges of these options' cards. */
export function checkBridges(call: CallContext, options: Readonly<Record<string, string>>): void {
  if (isRoot(call)) return;
  for (const [key, text] of Object.entries(options)) {
    if (!/^net\d+$/.test(key)) continue;
    const { bridge } = readProperties(key, netProperties, text);
    if (bridge !== undefined) checkBridge(call, String(bridge));
  }
}

/** Plain bridges form the zone `localnetwork`. A right on one of a bridge's VLANs is enough to use the bridge. */
function checkBridge(call: CallContext, bridge: string): void {
  const path = `/sdn/zones/localnetwork/${bridge}`;
  const vlans = call.access.aclPaths().filter((aclPath) => aclPath.startsWith(`${path}/`));
  if (vlans.some((vlan) => call.can(vlan, ["SDN.Use"]))) return;
  call.check(path, ["SDN.Use"]);
}
