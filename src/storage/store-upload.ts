/**
 * Puts a file that has arrived into a storage: checked first, then copied beside its place, then renamed into it. The
 * storage has the old file or the new one, never a part; the file that arrived is gone afterwards.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../errors/quorate-error.ts";
import { runCommand } from "../os/run-command.ts";
import type { TaskContext } from "../tasks/port.ts";
import { StorageError } from "./errors.ts";
import { refuseForeignReferences } from "./image-files.ts";
import type { NodeStorages } from "./node-storages.ts";
import { partialPathIn } from "./partial-files.ts";

export interface UploadRequest {
  readonly source: string;
  /** The source as the log calls it. */
  readonly shownSource: string;
  readonly storage: string;
  readonly volname: string;
  readonly checksum?: string;
  readonly algorithm?: string;
}

const COPY_TIMEOUT_MS = 24 * 3600 * 1000;
const FILE_MODE = 0o644;

type UploadTask = Pick<TaskContext, "log" | "signal" | "upid">;

/** @throws StorageError; the storage is as before. */
export async function storeUpload(storages: NodeStorages, request: UploadRequest, task: UploadTask): Promise<void> {
  const { source, shownSource, storage, volname } = request;
  try {
    task.log(`starting file import from: ${shownSource}`);
    await verifyChecksum(request, task);
    const volid = `${storage}:${volname}`;
    await storages.activate([storage]);
    const target = await storages.pathOf(volid);
    const format = /^import\/.*\.(qcow2|vmdk)$/.exec(volname)?.[1];
    if (format !== undefined) await refuseForeignReferences(source, format);
    const { size } = await stat(source);
    task.log(`target node: ${storages.nodeName}`);
    task.log(`target file: ${target}`);
    task.log(`file size is: ${size}`);
    await copyInto({ source, target, size, shownSource, nodeName: storages.nodeName }, task);
    task.log("finished file import successfully");
  } finally {
    await rm(source, { force: true });
  }
}

async function copyInto(
  {
    source,
    target,
    size,
    shownSource,
    nodeName,
  }: { source: string; target: string; size: number; shownSource: string; nodeName: string },
  task: UploadTask,
): Promise<void> {
  const partial = await partialPathIn(dirname(target), nodeName);
  task.log(`command: cp -- ${shownSource} ${target}`);
  try {
    await runCommand(["cp", "--", source, partial], { timeoutMs: COPY_TIMEOUT_MS, signal: task.signal });
    const copied = await stat(partial);
    if (copied.size !== size) throw new StorageError(`copied ${copied.size} bytes of ${size}`);
    await chmod(partial, FILE_MODE);
    await runCommand(["sync", "--", partial], { timeoutMs: COPY_TIMEOUT_MS, signal: task.signal });
    await rename(partial, target);
  } catch (cause) {
    await rm(partial, { force: true });
    throw new StorageError(`import failed: ${messageOf(cause)}`, { cause });
  }
}

async function verifyChecksum({ source, checksum, algorithm }: UploadRequest, task: UploadTask): Promise<void> {
  if (checksum === undefined || algorithm === undefined) return;
  const hash = createHash(algorithm);
  await pipeline(createReadStream(source, { highWaterMark: 1 << 20 }), hash, { signal: task.signal });
  const got = hash.digest("hex");
  if (got.toLowerCase() !== checksum.toLowerCase()) {
    throw new StorageError(`checksum mismatch: got '${got}' != expect '${checksum}'`);
  }
  task.log("calculating checksum...OK, checksum verified");
}
