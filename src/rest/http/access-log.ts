/** The access log: one line a request, written in batches, never in the way of an answer. */
import { createWriteStream, type WriteStream } from "node:fs";
import type { Logger } from "../../log/logger.ts";

export interface AccessLogEntry {
  readonly clientAddress: string;
  readonly authid: string | undefined;
  readonly verb: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly status: number;
  /** Bytes of the body after compression; undefined when it is a stream. */
  readonly bytes: number | undefined;
}

const FLUSH_MS = 200;
const FLUSH_CHARS = 64 * 1024;
/** Beyond this the disk is not keeping up: entries are dropped rather than memory filled. */
const MAX_BUFFERED_CHARS = 4 * 1024 * 1024;
const LOG_MODE = 0o640;

export class AccessLog {
  readonly #path: string;
  readonly #log: Logger;
  #stream: WriteStream | undefined;
  #pending = "";
  #timer: NodeJS.Timeout | undefined;
  /** The file cannot be written: said once, tried again after a rotation. */
  #isBroken = false;
  #stamp = { second: -1, text: "" };

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  add(entry: AccessLogEntry): void {
    if (this.#isBroken || this.#pending.length > MAX_BUFFERED_CHARS) return;
    const { clientAddress, authid, verb, url, httpVersion, status, bytes } = entry;
    this.#pending += `${clientAddress} - ${authid ?? "-"} [${this.#now()}] "${verb} ${oneLine(url)} HTTP/${httpVersion}" ${status} ${bytes ?? "-"}\n`;
    if (this.#pending.length > FLUSH_CHARS) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Writes what is pending and opens the file anew: after a rotation. */
  reopen(): void {
    this.#isBroken = false;
    this.#flush();
    this.#stream?.end();
    this.#stream = undefined;
  }

  async close(): Promise<void> {
    this.#flush();
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined) await new Promise<void>((resolve) => stream.end(() => resolve()));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isBroken || this.#pending === "") return;
    const stream = this.#open();
    // A stream that is full keeps its own buffer; ours then grows to its limit.
    if (stream.writableNeedDrain) return;
    stream.write(this.#pending);
    this.#pending = "";
  }

  #open(): WriteStream {
    if (this.#stream !== undefined) return this.#stream;
    const stream = createWriteStream(this.#path, { flags: "a", mode: LOG_MODE });
    stream.on("error", (error) => {
      this.#log.warn({ err: error, path: this.#path }, "cannot write the access log");
      this.#isBroken = true;
      this.#pending = "";
      if (this.#stream === stream) this.#stream = undefined;
    });
    this.#stream = stream;
    return stream;
  }

  /** `25/11/2026:03:10:11 +0000`, in the machine's time zone. */
  #now(): string {
    const date = new Date();
    const second = Math.floor(date.getTime() / 1000);
    if (this.#stamp.second !== second) this.#stamp = { second, text: formatStamp(date) };
    return this.#stamp.text;
  }
}

function formatStamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${two(date.getDate())}/${two(date.getMonth() + 1)}/${date.getFullYear()}`;
  return `${day}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}

/** Parameters whose values open doors. */
const SECRETS = /([?&;](?:password|vncticket|ticket|tfa-challenge|otp)=)[^&;]*/gi;

/** Node refuses line breaks in URLs; quotes could still end the field early. */
function oneLine(url: string): string {
  const masked = url.includes("?") ? url.replace(SECRETS, "$1...") : url;
  return masked.includes('"') ? masked.replaceAll('"', "%22") : masked;
}
