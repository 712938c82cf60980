/** Fetches a file of another server into a storage: checked, unpacked, and only then in its place. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../errors/quorate-error.ts";
import { runCommand } from "../os/run-command.ts";
import type { TaskContext } from "../tasks/port.ts";
import { StorageError } from "./errors.ts";
import { readRemote } from "./http-source.ts";
import { refuseForeignReferences } from "./image-files.ts";
import type { NodeStorages } from "./node-storages.ts";
import { partialPathIn } from "./partial-files.ts";

export interface DownloadRequest {
  readonly url: string;
  readonly storage: string;
  readonly volname: string;
  readonly verifiesCertificates: boolean;
  readonly checksum?: string;
  readonly algorithm?: string;
  readonly compression?: string;
}

const FILE_MODE = 0o644;
const UNPACK_TIMEOUT_MS = 24 * 3600 * 1000;
/** Suffix that the unpacker wants to see, and how it is called; each writes beside its input and removes that. */
const UNPACKERS: Readonly<Record<string, { readonly suffix: string; readonly argv: readonly string[] }>> = {
  gz: { suffix: "gz", argv: ["gzip", "-d"] },
  zst: { suffix: "zst", argv: ["zstd", "-q", "-d", "--rm"] },
  lzo: { suffix: "lzo", argv: ["lzop", "-q", "-d", "-U"] },
  bz2: { suffix: "bz2", argv: ["bzip2", "-d"] },
};
export const COMPRESSIONS = Object.keys(UNPACKERS);

type DownloadTask = Pick<TaskContext, "log" | "signal">;

/** @throws StorageError; the storage is as before. */
export async function download(storages: NodeStorages, request: DownloadRequest, task: DownloadTask): Promise<void> {
  const { url, storage, volname, compression } = request;
  await storages.activate([storage]);
  const target = await storages.pathOf(`${storage}:${volname}`);
  task.log(`downloading ${url} to ${target}`);
  const partial = await partialPathIn(dirname(target), storages.nodeName);
  const unpacker = compression === undefined ? undefined : UNPACKERS[compression];
  const received = unpacker === undefined ? partial : `${partial}.${unpacker.suffix}`;
  try {
    await receive(request, received, task);
    if (unpacker !== undefined) {
      task.log(`decompressing ${compression}...`);
      await runCommand([...unpacker.argv, received], { timeoutMs: UNPACK_TIMEOUT_MS, signal: task.signal });
    }
    const format = /^import\/.*\.(qcow2|vmdk)$/.exec(volname)?.[1];
    if (format !== undefined) await refuseForeignReferences(partial, format);
    await chmod(partial, FILE_MODE);
    await runCommand(["sync", "--", partial], { timeoutMs: UNPACK_TIMEOUT_MS, signal: task.signal });
    await rename(partial, target);
  } catch (cause) {
    for (const file of [partial, received]) await rm(file, { force: true });
    throw new StorageError(`download failed: ${messageOf(cause)}`, { cause });
  }
  task.log(`download of '${url}' to '${target}' finished`);
}

async function receive(request: DownloadRequest, path: string, task: DownloadTask): Promise<void> {
  const { url, verifiesCertificates, checksum, algorithm } = request;
  const hash = checksum === undefined || algorithm === undefined ? undefined : createHash(algorithm);
  await readRemote(url, { verifiesCertificates, signal: task.signal }, async (body: Readable, size) => {
    let bytes = 0;
    const watched = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        bytes += chunk.length;
        hash?.update(chunk);
        yield chunk;
      }
    };
    await pipeline(body, watched, createWriteStream(path, { flags: "wx" }), { signal: task.signal });
    if (size !== undefined && bytes !== size) throw new StorageError(`got ${bytes} bytes of ${size}`);
    task.log(`received ${bytes} bytes`);
  });
  if (hash === undefined) return;
  const got = hash.digest("hex");
  if (got.toLowerCase() !== checksum?.toLowerCase()) {
    throw new StorageError(`checksum mismatch: got '${got}' != expect '${checksum}'`);
  }
  task.log("calculating checksum...OK, checksum verified");
}
