/** A text terminal: a guest's serial line, or a node's shell. */
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import type { Access, Screen, ScreenEvents } from "./connection.ts";
import { KEYS } from "./key-symbols.ts";
import { ALIVE_FRAME, inputFrame, loginFrame, sizeFrame } from "./terminal-frames.ts";

const ALIVE_EVERY_MS = 30_000;
const SCROLLBACK_LINES = 5_000;

export function openScreen(element: HTMLElement, access: Access, events: ScreenEvents): Screen {
  const style = getComputedStyle(document.documentElement);
  const terminal = new Terminal({
    fontFamily: style.getPropertyValue("--mono"),
    fontSize: 13,
    scrollback: SCROLLBACK_LINES,
    screenReaderMode: true,
    theme: {
      background: style.getPropertyValue("--term-bg").trim(),
      foreground: style.getPropertyValue("--term-text").trim(),
    },
  });
  const fitting = new FitAddon();
  terminal.loadAddon(fitting);
  terminal.open(element);
  fitting.fit();

  const socket = new WebSocket(access.url, ["binary"]);
  socket.binaryType = "arraybuffer";
  let isAccepted = false;
  let isClosed = false;
  let isControlHeld = false;
  const send = (frame: string): void => {
    if (isAccepted && socket.readyState === WebSocket.OPEN) socket.send(frame);
  };
  const type = (text: string): void => {
    // Ctrl with a letter is that letter's place in the alphabet.
    const isChord = isControlHeld && /^[a-z@[\\\]^_]$/i.test(text);
    isControlHeld = false;
    send(inputFrame(isChord ? String.fromCharCode(text.toUpperCase().charCodeAt(0) & 0x1f) : text));
  };
  const alive = setInterval(() => send(ALIVE_FRAME), ALIVE_EVERY_MS);
  const observer = new ResizeObserver(() => fitting.fit());
  observer.observe(element);
  terminal.onData(type);
  terminal.onResize(({ cols, rows }) => send(sizeFrame(cols, rows)));
  socket.addEventListener("open", () => socket.send(loginFrame(access.user, access.ticket)));
  socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer | string>) => {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
    if (isAccepted) {
      terminal.write(bytes);
      return;
    }
    // The first answer is "OK", perhaps with output right behind it.
    isAccepted = true;
    send(sizeFrame(terminal.cols, terminal.rows));
    if (bytes.length > 2) terminal.write(bytes.subarray(2));
    events.onOpen();
  });
  const end = (): void => {
    clearInterval(alive);
    if (isClosed) return;
    isClosed = true;
    events.onClose();
  };
  socket.addEventListener("close", end);
  socket.addEventListener("error", end);
  return {
    type,
    press: (key) => type(KEYS[key].text),
    ctrlAltDel: undefined,
    functionKey: undefined,
    hold: (modifier) => {
      if (modifier === "control") isControlHeld = true;
      else send(inputFrame("\u001b"));
    },
    fit: undefined,
    picture: undefined,
    focus: () => terminal.focus(),
    close: () => {
      isClosed = true;
      clearInterval(alive);
      observer.disconnect();
      socket.close();
      terminal.dispose();
    },
  };
}
