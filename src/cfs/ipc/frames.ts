/**
 * Frames of the socket protocol: `length u32, header length u32, header (JSON), body`, little endian; `length` counts
 * what follows it. Headers are JSON so that either side may add fields that the other ignores; file contents travel
 * unchanged in the body.
 */

const PREFIX_BYTES = 8;
const LENGTH_BYTES = 4;

export interface Frame {
  readonly header: unknown;
  readonly body?: Uint8Array;
}

export function encodeFrame(header: object, body?: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(header), "utf8");
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + text.length + (body?.length ?? 0));
  frame.writeUInt32LE(frame.length - LENGTH_BYTES, 0);
  frame.writeUInt32LE(text.length, LENGTH_BYTES);
  text.copy(frame, PREFIX_BYTES);
  if (body !== undefined) frame.set(body, PREFIX_BYTES + text.length);
  return frame;
}

/** The peer does not keep to the protocol: the connection is of no use any more. */
export class FrameError extends Error {}

/** Cuts a stream into frames. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #length = 0;

  /** @param maxBytes of one frame. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * @returns the frames that this chunk completes.
   * @throws FrameError
   */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: Frame[] = [];
    while (this.#length >= PREFIX_BYTES) {
      const start = this.#gather(PREFIX_BYTES);
      const total = start.readUInt32LE(0) + LENGTH_BYTES;
      if (total > this.#maxBytes) throw new FrameError(`a frame of ${total} bytes is too long`);
      if (total < PREFIX_BYTES) throw new FrameError("a frame is too short");
      if (this.#length < total) break;
      const frame = this.#gather(total);
      frames.push(decodeFrame(frame.subarray(0, total)));
      const rest = frame.subarray(total);
      this.#chunks[0] = rest;
      this.#length -= total;
    }
    return frames;
  }

  /** @returns the first chunk, made to hold at least `bytes`. */
  #gather(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= bytes) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

function decodeFrame(frame: Buffer): Frame {
  const end = PREFIX_BYTES + frame.readUInt32LE(LENGTH_BYTES);
  if (end > frame.length) throw new FrameError("a frame is shorter than its header");
  let header: unknown;
  try {
    header = JSON.parse(frame.toString("utf8", PREFIX_BYTES, end));
  } catch (cause) {
    throw new FrameError("a frame's header is not JSON", { cause });
  }
  // A copy: the chunk it came in is bigger and would live as long.
  return end === frame.length ? { header } : { header, body: new Uint8Array(frame.subarray(end)) };
}
