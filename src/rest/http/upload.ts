/**
 * Files sent by form: the file part goes to disk as it arrives, the fields before it become parameters. An upload that
 * breaks off leaves nothing behind.
 */
import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { unlink } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import { messageOf } from "../../errors/quorate-error.ts";
import type { Logger } from "../../log/logger.ts";
import type { RawParams } from "../decode.ts";
import { ApiError, parameterError } from "../errors.ts";

/** What a method sees as the place of the file: below the layout's upload directory, under this name. */
const TMP_PREFIX = "/var/tmp/";

export interface ReceivedUpload {
  /** Fields, `filename` as the client named the file, and `tmpfilename`. */
  readonly params: RawParams;
  /** Removes the file; nothing happens when it is gone already. */
  discard(): Promise<void>;
}

const MAX_FIELDS = 16;
const MAX_FIELD_BYTES = 64 * 1024;
/** A client that sends nothing for so long is gone. */
const IDLE_MS = 60_000;
/** How long the rest of a refused upload is read. */
const REST_LIMIT_MS = 3_000;
/** Readable by the daemon that takes it over, not by others. */
const FILE_MODE = 0o640;

/** @throws ApiError 400 or 500; nothing is left on disk then. */
export async function receiveUpload(request: IncomingMessage, uploadDir: string, log: Logger): Promise<ReceivedUpload> {
  const name = `pveupload-${randomBytes(16).toString("hex")}`;
  const path = join(uploadDir, name);
  const discard = async (): Promise<void> => {
    try {
      await unlink(path);
    } catch (error) {
      if (!isMissing(error)) log.warn({ err: error, path }, "cannot remove an upload");
    }
  };
  try {
    const { fields, fileName } = await parseForm(request, path);
    if (fileName === undefined) throw parameterError({ filename: "no file was sent" });
    if (fields.tmpfilename !== undefined) {
      throw parameterError({ tmpfilename: "this parameter cannot be given by clients" });
    }
    const params: RawParams = Object.assign(Object.create(null), fields, {
      filename: fileName.replace(/^.*[/\\]/, "").replace(/[^A-Za-z0-9_.-]/g, "_"),
      tmpfilename: `${TMP_PREFIX}${name}`,
    });
    return { params, discard };
  } catch (error) {
    await discard();
    throw error instanceof ApiError
      ? error
      : new ApiError(500, `cannot store the upload in ${uploadDir}: ${messageOf(error)}`, undefined, { cause: error });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Ends when the whole form was read and the file is on disk; the request is left open, so that it can be answered. */
async function parseForm(
  request: IncomingMessage,
  path: string,
): Promise<{ fields: Record<string, string>; fileName: string | undefined }> {
  const busboy = makeParser(request);
  const fields: Record<string, string> = {};
  let fileName: string | undefined;
  let stored: Promise<void> | undefined;
  let part: Readable | undefined;
  const parsed = Promise.withResolvers<void>();
  const onClose = (): void => {
    if (!request.complete) parsed.reject(new Error("the client went away"));
  };
  busboy.on("field", (field, value) => {
    fields[field] = value;
  });
  busboy.on("file", (field, file, given) => {
    part = file;
    if (field !== "filename") {
      file.resume();
      parsed.reject(parameterError({ [field]: "the file part must be named 'filename'" }));
      return;
    }
    fileName = given;
    stored = storeFile(file, path);
    stored.catch(parsed.reject);
  });
  busboy.on("finish", () => parsed.resolve());
  busboy.on("error", parsed.reject);
  request.on("close", onClose);
  request.on("error", parsed.reject);
  request.setTimeout(IDLE_MS, () => request.destroy(new Error("the upload stood still")));
  request.pipe(busboy);
  try {
    await parsed.promise;
    await stored;
    return { fields, fileName };
  } catch (error) {
    request.unpipe(busboy);
    // Without an end the part would keep its descriptor and file for ever.
    part?.on("error", () => {}).destroy(error instanceof Error ? error : undefined);
    await stored?.catch(() => {});
    throw error;
  } finally {
    request.off("close", onClose);
    request.setTimeout(0);
  }
}

/** @throws ApiError 400 when the head does not describe a form. */
function makeParser(request: IncomingMessage): InstanceType<typeof Busboy> {
  try {
    return new Busboy({
      headers: request.headers as BusboyHeaders,
      limits: { fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES, files: 1 },
    });
  } catch (cause) {
    throw new ApiError(400, `cannot read the form: ${messageOf(cause)}`, undefined, { cause });
  }
}

/**
 * Takes what a refused client still sends, for a while: closing before it has read the answer may take the answer
 * from it.
 */
export async function readRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, REST_LIMIT_MS);
  request.once("end", over.resolve).once("close", over.resolve).resume();
  await over.promise;
  clearTimeout(timer);
}

/** Ends with the data on disk; the stream closes its descriptor whichever way it ends. */
async function storeFile(file: Readable, path: string): Promise<void> {
  await pipeline(file, createWriteStream(path, { flags: "wx", mode: FILE_MODE, flush: true, highWaterMark: 1 << 20 }));
}
