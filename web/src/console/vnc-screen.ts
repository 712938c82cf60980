/** A guest's screen. */
import RFB from "@novnc/novnc";
import type { Access, Fit, Screen, ScreenEvents } from "./connection.ts";
import { ALT, CONTROL, functionKey, KEYS, keySymbolsOf } from "./key-symbols.ts";

export function openScreen(element: HTMLElement, access: Access, events: ScreenEvents): Screen {
  const screen = new RFB(element, access.url, {
    credentials: { password: access.password ?? access.ticket },
    wsProtocols: ["binary"],
  });
  screen.background = "transparent";
  const fit = (how: Fit): void => {
    screen.scaleViewport = how === "scale";
    screen.resizeSession = how === "resize";
    screen.clipViewport = how === "actual";
    screen.dragViewport = how === "actual" && matchMedia("(pointer: coarse)").matches;
  };
  fit("scale");
  let isClosed = false;
  let held: { readonly symbol: number; readonly code: string } | undefined;
  const press = (symbol: number, code: string | null): void => {
    const modifier = held;
    held = undefined;
    if (modifier !== undefined) screen.sendKey(modifier.symbol, modifier.code, true);
    screen.sendKey(symbol, code);
    if (modifier !== undefined) screen.sendKey(modifier.symbol, modifier.code, false);
  };
  screen.addEventListener("connect", () => events.onOpen());
  screen.addEventListener("disconnect", () => {
    if (isClosed) return;
    isClosed = true;
    events.onClose();
  });
  return {
    type: (text) => {
      for (const symbol of keySymbolsOf(text)) press(symbol, null);
    },
    press: (key) => press(KEYS[key].symbol, KEYS[key].code),
    ctrlAltDel: () => screen.sendCtrlAltDel(),
    functionKey: (number) => {
      const { symbol, code } = functionKey(number);
      press(symbol, code);
    },
    hold: (modifier) => {
      held = modifier === "control" ? CONTROL : ALT;
    },
    fit,
    picture: () => screen.toDataURL("image/png"),
    focus: () => screen.focus(),
    close: () => {
      isClosed = true;
      screen.disconnect();
    },
  };
}
