/** Who may use a volume for what. Pure. */
import type { AccessView } from "../access/port.ts";
import type { ParsedVolname } from "./volume-names.ts";

export interface VolumeAccessQuestion {
  readonly authid: string;
  /** As the caller wrote it: volume id or path. */
  readonly volid: string;
  /** Undefined when the text is no volume id. */
  readonly volume: (Pick<ParsedVolname, "vtype" | "vmid"> & { readonly storage: string }) | undefined;
  /** The guest for which it is wanted. */
  readonly vmid?: number;
  /** The content that it must be. */
  readonly wanted?: string;
}

export type AccessVerdict =
  | { readonly kind: "allowed" }
  /** The caller lacks rights. */
  | { readonly kind: "refused"; readonly message: string }
  /** It is another content than asked, whoever asks. */
  | { readonly kind: "wrong-content"; readonly message: string };

const ALLOWED = { kind: "allowed" } as const;

export function checkVolumeAccess(view: Pick<AccessView, "has">, question: VolumeAccessQuestion): AccessVerdict {
  const { authid, volid, volume, vmid, wanted } = question;
  if (volume === undefined) {
    return authid === "root@pam"
      ? ALLOWED
      : { kind: "refused", message: "Only root can pass arbitrary filesystem paths." };
  }
  const isWanted =
    wanted === undefined || wanted === volume.vtype || (wanted === "rootdir" && volume.vtype === "images");
  if (!isWanted) {
    return { kind: "wrong-content", message: `unable to use volume ${volid} - content type needs to be '${wanted}'` };
  }
  const isAllowed = mayUse(view, { authid, volume, vmid });
  return isAllowed ? ALLOWED : { kind: "refused", message: `missing privileges to access ${volid}` };
}

function mayUse(
  view: Pick<AccessView, "has">,
  {
    authid,
    volume,
    vmid,
  }: Pick<VolumeAccessQuestion, "authid"> & {
    readonly volume: NonNullable<VolumeAccessQuestion["volume"]>;
    readonly vmid: number | undefined;
  },
): boolean {
  const path = `/storage/${volume.storage}`;
  const holds = (at: string, ...privileges: string[]): boolean => view.has(authid, at, privileges);
  if (holds(path, "Datastore.Allocate")) return true;
  const owner = volume.vmid;
  switch (volume.vtype) {
    case "iso":
    case "vztmpl":
    case "import":
      return holds(path, "Datastore.AllocateSpace") || holds(path, "Datastore.Audit");
    case "backup":
      if (owner === undefined) return false;
      if (owner === vmid) return true;
      return holds(path, "Datastore.AllocateSpace") && holds(`/vms/${owner}`, "VM.Backup");
    case "images":
    case "rootdir":
      if (owner === undefined) return false;
      if (owner === vmid) return true;
      return holds(path, "Datastore.Audit") && holds(`/vms/${owner}`, "VM.Config.Disk");
    case "snippets":
      return false;
    default:
      return volume.vtype satisfies never;
  }
}
