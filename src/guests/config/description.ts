/** Descriptions as comment lines: percent-encoded so that any text survives in a file of plain ASCII lines. */

/** One `#` line per line of the description, without the final newline of the last one. */
export function encodeDescription(description: string): string[] {
  return description.split("\n").map((line) => `#${encodeLine(line)}`);
}

function encodeLine(line: string): string {
  let out = "";
  for (const byte of Buffer.from(line, "utf8")) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && byte !== 0x3a;
    out += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

/** Undoes the percent-encoding; a `%` that starts no code stays. Bytes that are not UTF-8 become U+FFFD. */
export function decodeDescription(text: string): string {
  if (!text.includes("%")) return text;
  const bytes: number[] = [];
  const source = Buffer.from(text, "utf8");
  for (let at = 0; at < source.length; at += 1) {
    const code = source[at] === 0x25 ? source.toString("latin1", at + 1, at + 3) : "";
    if (/^[0-9a-fA-F]{2}$/.test(code)) {
      bytes.push(Number.parseInt(code, 16));
      at += 2;
    } else bytes.push(source[at] ?? 0);
  }
  return Buffer.from(bytes).toString("utf8");
}
