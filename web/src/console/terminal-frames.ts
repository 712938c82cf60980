/** What a terminal's client sends: its login, then framed input, sizes and signs of life. The server sends plain bytes. */
const encoder = new TextEncoder();

export function loginFrame(user: string, ticket: string): string {
  return `${user}:${ticket}\n`;
}

/** The length counts bytes, not characters. */
export function inputFrame(text: string): string {
  return `0:${encoder.encode(text).length}:${text}`;
}

export function sizeFrame(columns: number, rows: number): string {
  return `1:${columns}:${rows}:`;
}

export const ALIVE_FRAME = "2";
