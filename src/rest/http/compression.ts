/** Compressed forms of texts and files: made once for what cannot change, off the loop for what is large. */
import { promisify } from "node:util";
import { gzip, gzipSync } from "node:zlib";

const gzipAsync = promisify(gzip);

/** Below this a compressed reply saves less than it costs. */
const MIN_BYTES = 1024;
/** Above this compressing would hold up other requests. */
const MAX_SYNC_BYTES = 64 * 1024;
/** The fastest level: replies are made for one reader. */
const LEVEL = 1;

const kept = new WeakMap<object, Buffer>();

export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return acceptEncoding !== undefined && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(acceptEncoding);
}

/**
 * @param source the frozen object that the text was printed from, whose compressed form is kept.
 * @returns undefined when the text is better sent as it is.
 */
export function compressText(text: string, source: object | undefined): Buffer | Promise<Buffer> | undefined {
  if (text.length <= MIN_BYTES) return undefined;
  const known = source === undefined ? undefined : kept.get(source);
  if (known !== undefined) return known;
  const keep = (bytes: Buffer): Buffer => {
    if (source !== undefined) kept.set(source, bytes);
    return bytes;
  };
  if (text.length > MAX_SYNC_BYTES) return gzipAsync(text, { level: LEVEL }).then(keep);
  return keep(gzipSync(text, { level: LEVEL }));
}
