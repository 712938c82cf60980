/**
 * The built web interface. Its directory is listed once at start; bytes and their compressed form are kept after the
 * first reader. Every unknown path gets the start page, since the interface routes by path.
 */
import type { Stats } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { decodePercent } from "../decode.ts";
import { acceptsGzip } from "./compression.ts";
import type { OnHead } from "./reply-writer.ts";

const gzipAsync = promisify(gzip);

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css;charset=UTF-8",
  ".html": "text/html;charset=UTF-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript;charset=UTF-8",
  ".json": "application/json;charset=UTF-8",
  ".map": "application/json;charset=UTF-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain;charset=UTF-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

const COMPRESSIBLE = new Set([".css", ".html", ".js", ".json", ".map", ".svg", ".txt", ".wasm", ".webmanifest"]);
const MIN_COMPRESSED_BYTES = 1024;

/** The build gives these files names with a hash of their content. */
const HASHED = /^\/assets\//;

const START_PAGE = "/index.html";

/**
 * Scripts only from here; styles also inline, as the component library makes them; consoles need WebSockets to here.
 * `frame-ancestors` keeps other sites from framing the interface.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join("; ");

/** Where there is no interface, a visitor is told what there is. */
const NOT_BUILT = Buffer.from(
  "This release has no web interface yet. The API is at /api2/json; qm, pvesh, pvesm, pveum and pvenode are the tools.\n",
);

interface StaticFile {
  readonly path: string;
  readonly isHashed: boolean;
  readonly stats: Stats;
  readonly type: string;
  readonly isCompressible: boolean;
  bytes?: Promise<Buffer>;
  compressed?: Promise<Buffer>;
}

export class StaticFiles {
  readonly #dir: string;
  #files: Promise<Map<string, StaticFile>> | undefined;

  /** @param dir the interface's build output; where it is missing every path is answered 501, with a text that says so. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  async serve(request: IncomingMessage, response: ServerResponse, onHead: OnHead): Promise<void> {
    this.#files ??= listFiles(this.#dir).catch((error: unknown) => {
      this.#files = undefined;
      throw error;
    });
    const files = await this.#files;
    const path = decodePercent((request.url ?? "/").split("?", 1)[0] ?? "/");
    const file = files.get(path) ?? (HASHED.test(path) ? undefined : files.get(START_PAGE));
    if (file === undefined && files.size === 0) {
      onHead(501, NOT_BUILT.length);
      response.writeHead(501, "Not Implemented", {
        "Content-Type": "text/plain;charset=UTF-8",
        "Content-Length": NOT_BUILT.length,
      });
      response.end(NOT_BUILT);
      return;
    }
    if (file === undefined) {
      onHead(404, 0);
      response.writeHead(404, "Not Found", { "Content-Length": "0" }).end();
      return;
    }
    const headers = headersOf(file);
    if (isUnchanged(request, file.stats)) {
      onHead(304, undefined);
      response.writeHead(304, "NOT MODIFIED", headers).end();
      return;
    }
    const isCompressed = file.isCompressible && acceptsGzip(request.headers["accept-encoding"]);
    const bytes = await (isCompressed ? compressedOf(file) : bytesOf(file));
    onHead(200, bytes.length);
    response.writeHead(200, "OK", {
      ...headers,
      "Content-Type": file.type,
      ...(isCompressed ? { "Content-Encoding": "gzip" } : {}),
      "Content-Length": String(bytes.length),
    });
    response.end(bytes);
  }
}

/** Kept once it was read; a read that failed (too many open files) is tried again by the next request. */
function bytesOf(file: StaticFile): Promise<Buffer> {
  file.bytes ??= readFile(file.path).catch((error: unknown) => {
    delete file.bytes;
    throw error;
  });
  return file.bytes;
}

function compressedOf(file: StaticFile): Promise<Buffer> {
  file.compressed ??= bytesOf(file)
    .then((bytes) => gzipAsync(bytes))
    .catch((error: unknown) => {
      delete file.compressed;
      throw error;
    });
  return file.compressed;
}

function headersOf(file: StaticFile): Record<string, string> {
  return {
    "Last-Modified": file.stats.mtime.toUTCString(),
    "Cache-Control": file.isHashed ? "public, max-age=31536000, immutable" : "no-cache",
    Vary: "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  };
}

function isUnchanged(request: IncomingMessage, stats: Stats): boolean {
  const since = Date.parse(request.headers["if-modified-since"] ?? "");
  return !Number.isNaN(since) && Math.floor(stats.mtimeMs / 1000) * 1000 <= since;
}

async function listFiles(dir: string): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  let names: string[];
  try {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    // No build, no interface: the API works without it.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return files;
    throw error;
  }
  for (const path of names) {
    const stats = await stat(path);
    const extension = extname(path);
    const url = `/${relative(dir, path)}`;
    files.set(url, {
      path,
      isHashed: HASHED.test(url),
      stats,
      type: TYPES[extension] ?? "application/octet-stream",
      isCompressible: COMPRESSIBLE.has(extension) && stats.size > MIN_COMPRESSED_BYTES,
    });
  }
  return files;
}
