/**
 * A file system that never answers, for tests: `node silent-fuse.testing.ts DIR` (root) mounts one there, says `ready`
 * and takes every request without a reply, so that whoever asks sleeps in the kernel and cannot be killed. Its end
 * releases them all.
 */
import { openSync, read, readSync, writeSync } from "node:fs";
import koffi from "koffi";

// <linux/fuse.h>
const INIT_OPCODE = 26;
const IN_HEADER = { opcode: 4, unique: 8 } as const;
const OUT_HEADER_BYTES = 16;
const INIT_OUT_BYTES = 64;
const MAX_REQUEST_BYTES = 1 << 20;

function mountSilent(dir: string): void {
  const fd = openSync("/dev/fuse", "r+");
  const libc = koffi.load("libc.so.6");
  const mount = libc.func(
    "int mount(const char *source, const char *target, const char *type, ulong flags, const char *data)",
  );
  const options = `fd=${fd},rootmode=40000,user_id=0,group_id=0`;
  if (mount("quorate-silent", dir, "fuse", 0, options) !== 0) throw new Error(`cannot mount: errno ${koffi.errno()}`);
  const request = Buffer.alloc(MAX_REQUEST_BYTES);
  readSync(fd, request);
  writeSync(fd, initReply(request));
  process.stdout.write("ready\n");
  swallow(fd, request);
}

function initReply(request: Buffer): Buffer {
  if (request.readUInt32LE(IN_HEADER.opcode) !== INIT_OPCODE) throw new Error("the kernel did not begin with INIT");
  const reply = Buffer.alloc(OUT_HEADER_BYTES + INIT_OUT_BYTES);
  reply.writeUInt32LE(reply.length, 0);
  reply.writeBigUInt64LE(request.readBigUInt64LE(IN_HEADER.unique), 8);
  // Version 7.31, a small write size; everything else off.
  reply.writeUInt32LE(7, OUT_HEADER_BYTES);
  reply.writeUInt32LE(31, OUT_HEADER_BYTES + 4);
  reply.writeUInt32LE(4096, OUT_HEADER_BYTES + 20);
  return reply;
}

function swallow(fd: number, request: Buffer): void {
  read(fd, request, 0, request.length, null, (error) => {
    // ENODEV: unmounted.
    if (error === null) swallow(fd, request);
  });
}

if (import.meta.main) {
  const [, , dir] = process.argv;
  if (dir === undefined) throw new Error("usage: silent-fuse.testing.ts DIR");
  mountSilent(dir);
}
