/**
 * Names are bytes to the kernel and text to everyone else. Valid UTF-8 maps to itself; any other byte maps to a lone low
 * surrogate U+DC80–U+DCFF and back (as Python's `surrogateescape`), so that no name is ever lost or changed.
 */

const REPLACEMENT = "\ufffd";
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function nameFromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString("utf8");
  if (!text.includes(REPLACEMENT)) return text;
  let name = "";
  for (let at = 0; at < buffer.length; ) {
    const length = validSequenceLength(buffer, at);
    if (length === 0) {
      name += String.fromCharCode(0xdc00 + (buffer[at] ?? 0));
      at += 1;
    } else {
      name += buffer.toString("utf8", at, at + length);
      at += length;
    }
  }
  return name;
}

export function nameToBytes(name: string): Buffer {
  if (!LONE_SURROGATES.test(name)) return Buffer.from(name, "utf8");
  const parts: Buffer[] = [];
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character, "utf8"));
  }
  return Buffer.concat(parts);
}

/**
 * Whether the name is what its bytes read as. Any other (half a character, bytes in disguise that are valid UTF-8) would
 * be stored as the bytes of another name, and two entries of one name make a tree that no start accepts.
 */
export function isNameOfItsBytes(name: string): boolean {
  return !LONE_SURROGATES.test(name) || nameFromBytes(nameToBytes(name)) === name;
}

/** @returns the length of the UTF-8 sequence at `at`, 0 when there is none. */
function validSequenceLength(buffer: Buffer, at: number): number {
  const lead = buffer[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > buffer.length) return 0;
  try {
    strictDecoder.decode(buffer.subarray(at, at + length));
    return length;
  } catch {
    // The decoder's only complaint is "not valid UTF-8", which is the question asked.
    return 0;
  }
}
