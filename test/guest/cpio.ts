/**
 * Writes the archive that a kernel unpacks as its first file system (cpio "newc", see the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst). In TypeScript because device nodes need no root this way.
 */
export type CpioEntry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly data: Uint8Array; readonly mode: number }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "character-device"; readonly path: string; readonly major: number; readonly minor: number };

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly device?: { readonly major: number; readonly minor: number };
}

/** Parents must come before their children. */
export function encodeCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    parts.push(encodeEntry(headerOf(entry), index + 1));
  });
  parts.push(encodeEntry({ path: "TRAILER!!!", mode: 0, data: new Uint8Array() }, 0));
  return Buffer.concat(parts);
}

function headerOf(entry: CpioEntry): Header {
  const none = new Uint8Array();
  switch (entry.kind) {
    case "directory":
      return { path: entry.path, mode: S_IFDIR | 0o755, data: none };
    case "file":
      return { path: entry.path, mode: S_IFREG | entry.mode, data: entry.data };
    case "link":
      return { path: entry.path, mode: S_IFLNK | 0o777, data: Buffer.from(entry.target) };
    case "character-device":
      return { path: entry.path, mode: S_IFCHR | 0o600, data: none, device: entry };
  }
}

function encodeEntry(header: Header, inode: number): Buffer {
  const name = Buffer.from(`${header.path}\0`);
  const fields = [
    inode,
    header.mode,
    0, // uid
    0, // gid
    1, // links
    0, // mtime: the same input gives the same archive
    header.data.length,
    0, // device of the file system
    0,
    header.device?.major ?? 0,
    header.device?.minor ?? 0,
    name.length,
    0, // check sum, unused in newc
  ];
  const head = Buffer.concat([
    Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`),
    name,
  ]);
  return Buffer.concat([padded(head), padded(Buffer.from(header.data))]);
}

function padded(bytes: Buffer): Buffer {
  const rest = bytes.length % 4;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(4 - rest)]);
}
