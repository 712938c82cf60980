/** How a cluster log message becomes printable ASCII that can stand inside JSON as it is. */

const BACKSLASH = 0x5c;
const DOUBLE_QUOTE = 0x22;
const UNICODE_ESCAPE = /^\\u[0-9a-fA-F]{4}/;
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * @param maxLength characters; a whole escape may run a few past it.
 * @returns `"` and a lone backslash escaped, control characters as `#ddd`, others up to U+FFFF as `\uxxxx`, the rest
 *   left out. A ready `\uxxxx` stays: clients send it on purpose.
 */
export function toLogText(message: string | Uint8Array, maxLength: number): string {
  if (typeof message !== "string") return fromBytes(message, maxLength);
  let text = "";
  let skip = 0;
  let at = 0;
  for (const character of message) {
    const start = at;
    at += character.length;
    if (skip > 0) {
      skip -= 1;
      text += character;
      continue;
    }
    if (text.length >= maxLength) break;
    const code = character.codePointAt(0) ?? 0;
    if (code === DOUBLE_QUOTE) text += '\\"';
    else if (code === BACKSLASH) {
      if (UNICODE_ESCAPE.test(message.slice(start, start + 6))) {
        text += "\\";
        skip = 5;
      } else text += "\\\\";
    } else if (code < 32 || code === 127) text += `#${String(code).padStart(3, "0")}`;
    else if (code < 127) text += character;
    else if (code <= 0xffff) text += `\\u${code.toString(16).padStart(4, "0")}`;
  }
  return text;
}

function fromBytes(bytes: Uint8Array, maxLength: number): string {
  let decoded: string;
  try {
    decoded = strictDecoder.decode(bytes);
  } catch {
    // Not UTF-8, which is the question asked: shown byte by byte.
    let text = "";
    for (const byte of bytes) {
      if (text.length >= maxLength) break;
      if (byte >= 127) text += "?";
      else if (byte < 32) text += `#0${String(byte).padStart(2, "0")}`;
      else text += byte === DOUBLE_QUOTE ? '\\"' : byte === BACKSLASH ? "\\\\" : String.fromCharCode(byte);
    }
    return text;
  }
  return toLogText(decoded, maxLength);
}
