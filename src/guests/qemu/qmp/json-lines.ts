/**
 * The framing of QMP and of the guest agent: one JSON value a line. Bytes come in as they arrive, whole values go out.
 */
const NEWLINE = 0x0a;
/** Sent by a guest agent before the answer to `guest-sync-delimited`: what precedes it belongs to a former client. */
export const AGENT_DELIMITER = 0xff;
/** The largest answers are files read through the agent: 16 MiB in base64. */
const DEFAULT_MAX_LINE_BYTES = 32 << 20;

export class JsonLines {
  readonly #maxLineBytes: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(maxLineBytes = DEFAULT_MAX_LINE_BYTES) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * @returns the values that became complete, in order. Empty lines are skipped.
   * @throws SyntaxError for a line that is no JSON, RangeError for one that is too long.
   */
  push(chunk: Buffer): unknown[] {
    const values: unknown[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      const line = this.#take();
      if (line !== "") values.push(JSON.parse(line));
    }
    this.#keep(chunk.subarray(start));
    return values;
  }

  #keep(bytes: Buffer): void {
    let rest = bytes;
    const delimiter = bytes.lastIndexOf(AGENT_DELIMITER);
    if (delimiter >= 0) {
      // 0xFF is no byte of UTF-8, so it is never part of an answer.
      this.#parts = [];
      this.#length = 0;
      rest = bytes.subarray(delimiter + 1);
    }
    if (rest.length === 0) return;
    this.#length += rest.length;
    if (this.#length > this.#maxLineBytes) throw new RangeError(`line of more than ${this.#maxLineBytes} bytes`);
    this.#parts.push(rest);
  }

  #take(): string {
    const line = Buffer.concat(this.#parts, this.#length).toString("utf8").trim();
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
