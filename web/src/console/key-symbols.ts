/** The key symbols that a screen's server understands, for text that is typed by the interface. */
const RETURN = 0xff0d;
const TAB = 0xff09;
const UNICODE = 0x0100_0000;
const FIRST_PRINTABLE = 0x20;
const LATIN_1_END = 0xff;

/** One symbol a character; control characters other than line ends and tabs are left out. */
export function keySymbolsOf(text: string): readonly number[] {
  return [...text.replaceAll("\r\n", "\n")].flatMap((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\n" || character === "\r") return [RETURN];
    if (character === "\t") return [TAB];
    if (code < FIRST_PRINTABLE || code === 0x7f) return [];
    return [code <= LATIN_1_END ? code : UNICODE + code];
  });
}

export const KEYS = {
  escape: { symbol: 0xff1b, code: "Escape", text: "\u001b" },
  tab: { symbol: TAB, code: "Tab", text: "\t" },
  up: { symbol: 0xff52, code: "ArrowUp", text: "\u001b[A" },
  down: { symbol: 0xff54, code: "ArrowDown", text: "\u001b[B" },
  left: { symbol: 0xff51, code: "ArrowLeft", text: "\u001b[D" },
  right: { symbol: 0xff53, code: "ArrowRight", text: "\u001b[C" },
} as const;

export type KeyName = keyof typeof KEYS;

export const CONTROL = { symbol: 0xffe3, code: "ControlLeft" } as const;
export const ALT = { symbol: 0xffe9, code: "AltLeft" } as const;
const FIRST_FUNCTION_KEY = 0xffbe;

export function functionKey(number: number): { readonly symbol: number; readonly code: string } {
  return { symbol: FIRST_FUNCTION_KEY + number - 1, code: `F${number}` };
}
