/** Puts the FUSE connection into the file system and takes it out again, whatever a predecessor left there. */
import { closeSync, constants, mkdirSync, openSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../../errors/quorate-error.ts";
import { fusermount, fusermountUnmount } from "../../os/fusermount.ts";
import { MNT_DETACH, MNT_FORCE, MS_NODEV, MS_NOSUID, mount, setNonBlocking, umount } from "../../os/libc.ts";
import { ERRNO } from "../tree/errno.ts";

/** Mounts stacked on each other are taken away one by one. */
const MAX_STACKED = 16;
const DIRECTORY_MODE = 0o750;
const DEVICE = "/dev/fuse";

export interface FuseMount {
  /** Non-blocking. */
  readonly fd: number;
  /** Takes it out of the file system; processes inside keep it alive until the descriptor is closed. */
  unmount(): Promise<void>;
}

/**
 * Mounts over `directory`, by mount(2) where that is allowed (root, or a user namespace of our own), else by the helper.
 * It returns before the kernel's first request: the directory must not be touched before the server runs. The caller
 * has made sure that no other server of this directory lives.
 * @throws Error with what is missing.
 */
export async function mountFuse(directory: string, owner: { uid: number; gid: number }): Promise<FuseMount> {
  await clearStaleMount(directory);
  mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
  const problems: string[] = [];
  for (const way of [mountDirectly, mountByHelper]) {
    try {
      return await way(directory, owner);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw new Error(problems.join("; "));
}

async function mountDirectly(directory: string, owner: { uid: number; gid: number }): Promise<FuseMount> {
  const fd = openSync(DEVICE, constants.O_RDWR | constants.O_NONBLOCK);
  const data = `fd=${fd},rootmode=40000,user_id=${owner.uid},group_id=${owner.gid},allow_other,default_permissions`;
  const flags = MS_NOSUID | MS_NODEV;
  const { errno } = mount({ source: DEVICE, target: directory, type: "fuse", flags, data });
  if (errno === 0) return { fd, unmount: async () => detach(directory) };
  closeSync(fd);
  throw new Error(`cannot mount ${directory}: ${errno === ERRNO.EPERM ? "Operation not permitted" : `errno ${errno}`}`);
}

async function mountByHelper(directory: string): Promise<FuseMount> {
  const fd = await fusermount(directory, `rw,nosuid,nodev,default_permissions,fsname=${DEVICE}`);
  setNonBlocking(fd);
  return { fd, unmount: () => fusermountUnmount(directory) };
}

/**
 * Takes away FUSE mounts that a dead server left at `directory`, also ones that somebody still stands in: those get
 * ENOTCONN. Never call it while a server of this directory lives: it would be cut off.
 */
export async function clearStaleMount(directory: string): Promise<void> {
  for (let i = 0; i < MAX_STACKED && isFuseMounted(directory); i += 1) {
    // The first call ends the connection (and says EBUSY), the second one takes the mount away.
    umount(directory, MNT_FORCE);
    const { errno } = umount(directory, MNT_DETACH);
    if (errno === ERRNO.EPERM) await fusermountUnmount(directory);
    else if (errno !== 0 && errno !== ERRNO.EINVAL) throw new Error(`cannot unmount ${directory}: errno ${errno}`);
  }
}

function detach(directory: string): void {
  const { errno } = umount(directory, MNT_DETACH);
  if (errno !== 0 && errno !== ERRNO.EINVAL) throw new Error(`cannot unmount ${directory}: errno ${errno}`);
}

/** Asks the list of mounts: to look at the directory itself would wait for its server. */
export function isFuseMounted(directory: string): boolean {
  let parent: string;
  try {
    parent = realpathSync(dirname(directory));
  } catch {
    // Without the directory above it there is no mount.
    return false;
  }
  const wanted = join(parent, basename(directory));
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some((line) => {
      const [head = "", tail = ""] = line.split(" - ");
      const [type, source] = tail.split(" ");
      return (
        unescapePath(head.split(" ")[4] ?? "") === wanted && type?.startsWith("fuse") === true && source === DEVICE
      );
    });
}

/** mountinfo writes blanks and the like as three octal digits. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
