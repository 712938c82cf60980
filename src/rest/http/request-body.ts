/** Reads a request's body whole, within its limits of size and time. */
import type { IncomingMessage } from "node:http";
import { ApiError } from "../errors.ts";

/** A parameter body is small; files come by the upload path. */
export const MAX_BODY_BYTES = 512 * 1024;
const BODY_TIMEOUT_MS = 30_000;

/** @throws ApiError 501 when it is too large, 400 when it does not arrive. */
export function readRequestBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      settle();
    };
    const fail = (status: number, reason: string): void => finish(() => reject(new ApiError(status, reason)));
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) fail(501, "for data too large");
      else chunks.push(chunk);
    };
    const onEnd = (): void =>
      finish(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    const onClose = (): void => fail(400, "the request body broke off");
    const timer = setTimeout(() => fail(400, "the request body took too long"), BODY_TIMEOUT_MS);
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}
