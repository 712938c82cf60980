/** What the first bytes of a disk image say: enough to list images without running a program for each. Pure. */

export interface ImageHeader {
  readonly virtualBytes: number;
  /** The backing file as it stands in the image. */
  readonly backing?: string;
}

export const HEADER_BYTES = 65_536;

/** Header fields of qcow2, all big-endian (QEMU's docs/interop/qcow2.rst). */
const QCOW2 = { magic: 0x514649fb, backingOffset: 8, backingLength: 16, size: 24, headerBytes: 72 } as const;
const MAX_BACKING_BYTES = 1023;
/** Sparse extent header of VMDK 4, little-endian: capacity in sectors. */
const VMDK = { magic: "KDMV", capacity: 12, headerBytes: 20 } as const;
const SECTOR_BYTES = 512n;

/** @returns undefined when the bytes are not an image of that format. */
export function readImageHeader(format: string, head: Buffer): ImageHeader | undefined {
  if (format === "qcow2") return readQcow2(head);
  if (format === "vmdk") return readVmdk(head);
  return undefined;
}

function readQcow2(head: Buffer): ImageHeader | undefined {
  if (head.length < QCOW2.headerBytes || head.readUInt32BE(0) !== QCOW2.magic) return undefined;
  const virtualBytes = Number(head.readBigUInt64BE(QCOW2.size));
  const offset = Number(head.readBigUInt64BE(QCOW2.backingOffset));
  if (offset === 0) return { virtualBytes };
  const length = head.readUInt32BE(QCOW2.backingLength);
  if (length > MAX_BACKING_BYTES || offset + length > head.length) return undefined;
  return { virtualBytes, backing: head.toString("utf8", offset, offset + length) };
}

function readVmdk(head: Buffer): ImageHeader | undefined {
  if (head.length >= VMDK.headerBytes && head.toString("latin1", 0, 4) === VMDK.magic) {
    return { virtualBytes: Number(head.readBigUInt64LE(VMDK.capacity) * SECTOR_BYTES) };
  }
  const text = head.toString("latin1");
  if (!text.startsWith("# Disk DescriptorFile")) return undefined;
  let sectors = 0n;
  for (const [, count] of text.matchAll(/^(?:RW|RDONLY) (\d+) \S+/gm)) sectors += BigInt(count ?? 0);
  return { virtualBytes: Number(sectors * SECTOR_BYTES) };
}
