/**
 * The terminal's wire format. First the client's line `user:ticket`, answered `OK`; then frames from the client
 * (`0:LENGTH:bytes` input, `1:COLUMNS:ROWS:` size, `2` alive) and plain bytes to it. It is a byte stream: a frame may
 * come in any number of pieces. Pure.
 */
export type TerminalFrame =
  | { readonly kind: "login"; readonly user: string; readonly ticket: string }
  | { readonly kind: "input"; readonly bytes: Buffer }
  | { readonly kind: "resize"; readonly columns: number; readonly rows: number }
  | { readonly kind: "alive" };

const MAX_LOGIN_BYTES = 2048;
const MAX_INPUT_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 32;
const MAX_SIZE = 10_000;
const NEWLINE = 10;
const COLON = 58;

/** What a client sends is no terminal's talk. */
export class TerminalProtocolError extends Error {}

export class TerminalReader {
  #buffer: Buffer = Buffer.alloc(0);
  #isLoggedIn = false;

  /** @returns the frames that are complete now. @throws TerminalProtocolError */
  push(chunk: Buffer): TerminalFrame[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const frames: TerminalFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): TerminalFrame | undefined {
    if (!this.#isLoggedIn) return this.#login();
    switch (this.#buffer[0]) {
      case undefined:
        return undefined;
      case 0x30:
        return this.#input();
      case 0x31:
        return this.#resize();
      case 0x32:
        this.#take(1);
        return { kind: "alive" };
      default:
        throw new TerminalProtocolError(`unknown frame type ${this.#buffer[0]}`);
    }
  }

  #login(): TerminalFrame | undefined {
    const end = this.#buffer.indexOf(NEWLINE);
    if (end < 0) {
      if (this.#buffer.length > MAX_LOGIN_BYTES) throw new TerminalProtocolError("login line too long");
      return undefined;
    }
    const line = this.#take(end + 1)
      .toString("utf8")
      .slice(0, -1);
    const at = line.indexOf(":");
    if (at < 0) throw new TerminalProtocolError("login line without a ticket");
    this.#isLoggedIn = true;
    return { kind: "login", user: line.slice(0, at), ticket: line.slice(at + 1) };
  }

  /** Header fields behind the type: `count` numbers, each ended by a colon. */
  #numbers(count: number): { values: number[]; length: number } | undefined {
    const values: number[] = [];
    let at = 1;
    if (this.#buffer.length > 1 && this.#buffer[1] !== COLON) throw new TerminalProtocolError("malformed frame");
    at = 2;
    while (values.length < count) {
      const end = this.#buffer.indexOf(COLON, at);
      if (end < 0 || end > MAX_HEADER_BYTES) {
        if (this.#buffer.length > MAX_HEADER_BYTES) throw new TerminalProtocolError("malformed frame");
        return undefined;
      }
      const text = this.#buffer.toString("latin1", at, end);
      if (!/^\d{1,7}$/.test(text)) throw new TerminalProtocolError("malformed frame");
      values.push(Number(text));
      at = end + 1;
    }
    return { values, length: at };
  }

  #input(): TerminalFrame | undefined {
    const header = this.#numbers(1);
    if (header === undefined) return undefined;
    const [length = 0] = header.values;
    if (length > MAX_INPUT_BYTES) throw new TerminalProtocolError("input too long");
    if (this.#buffer.length < header.length + length) return undefined;
    this.#take(header.length);
    return { kind: "input", bytes: this.#take(length) };
  }

  #resize(): TerminalFrame | undefined {
    const header = this.#numbers(2);
    if (header === undefined) return undefined;
    this.#take(header.length);
    const [columns = 0, rows = 0] = header.values;
    if (columns < 1 || rows < 1 || columns > MAX_SIZE || rows > MAX_SIZE)
      throw new TerminalProtocolError("impossible size");
    return { kind: "resize", columns, rows };
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }
}
