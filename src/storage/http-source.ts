/** Files of other servers: what they are called, and their bytes. The HTTP client is loaded on first use. */
import { Readable } from "node:stream";
import type { Response } from "undici";
import { messageOf } from "../errors/quorate-error.ts";
import { StorageError } from "./errors.ts";
import { normalizeFileName } from "./volume-names.ts";

export interface RemoteFile {
  readonly filename?: string;
  readonly size?: number;
  readonly mimetype?: string;
}

export interface RemoteOptions {
  readonly verifiesCertificates: boolean;
  readonly signal: AbortSignal;
}

/** Until the server has answered; the body has its own limit. */
const ANSWER_TIMEOUT_MS = 30_000;
/** A server that sends nothing for so long is gone. */
const IDLE_TIMEOUT_MS = 60_000;

/** @throws StorageError saying why the file is not to be had. */
export async function describeRemote(url: string, options: RemoteOptions): Promise<RemoteFile> {
  const { response, close } = await request("HEAD", url, options);
  try {
    const size = Number(response.headers.get("content-length") ?? Number.NaN);
    const mimetype = response.headers.get("content-type")?.split(";")[0]?.trim();
    const filename = fileNameOf(response.headers.get("content-disposition"), response.url);
    return {
      ...(filename === undefined ? {} : { filename }),
      ...(Number.isSafeInteger(size) ? { size } : {}),
      ...(mimetype === undefined || mimetype === "" ? {} : { mimetype }),
    };
  } finally {
    await close();
  }
}

/** @param use gets the bytes and, where the server says it, their number. @throws StorageError */
export async function readRemote<T>(
  url: string,
  options: RemoteOptions,
  use: (body: Readable, size: number | undefined) => Promise<T>,
): Promise<T> {
  const { response, close } = await request("GET", url, options);
  try {
    if (response.body === null) throw new StorageError(`cannot read '${url}': the answer is empty`);
    const size = Number(response.headers.get("content-length") ?? Number.NaN);
    return await use(Readable.fromWeb(response.body), Number.isSafeInteger(size) ? size : undefined);
  } finally {
    await close();
  }
}

async function request(
  method: "GET" | "HEAD",
  url: string,
  { verifiesCertificates, signal }: RemoteOptions,
): Promise<{ response: Response; close: () => Promise<void> }> {
  const { Agent, fetch } = await import("undici");
  const agent = new Agent({
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: IDLE_TIMEOUT_MS,
    connect: { rejectUnauthorized: verifiesCertificates, timeout: ANSWER_TIMEOUT_MS },
  });
  try {
    // Compressed bytes would be another file than the one with the checksum.
    const headers = { "accept-encoding": "identity" };
    const response = await fetch(url, { method, headers, dispatcher: agent, signal });
    if (!response.ok) throw new StorageError(`${response.status} ${response.statusText}`);
    return { response, close: () => agent.destroy() };
  } catch (error) {
    await agent.destroy();
    const reason = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    throw new StorageError(`cannot read '${url}': ${reason}`, { cause: error });
  }
}

function fileNameOf(disposition: string | null, url: string): string | undefined {
  const [, quoted, bare] = /filename="([^"]*)"|filename=([^;\s]+)/i.exec(disposition ?? "") ?? [];
  const name = normalizeFileName(quoted ?? bare ?? decodeOrKeep(new URL(url).pathname));
  return name === "" ? undefined : name;
}

function decodeOrKeep(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded after all.
    return text;
  }
}
