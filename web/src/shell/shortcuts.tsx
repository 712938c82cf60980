/** Keys that work everywhere. Single keys are off while typing, in consoles, and when a person set it so. */
import { type ReactNode, useEffect } from "react";
import { useApp, useValue } from "../app-context.tsx";
import { Dialog } from "../overlays/lazy.tsx";
import { Switch } from "../parts/field.tsx";
import { navigate } from "../route/navigation.tsx";
import { type MessageKey, t } from "../text/t.ts";
import { AREAS } from "./areas.ts";

export interface ShortcutHandlers {
  readonly onSearch: () => void;
  readonly onActivity: () => void;
  readonly onHelp: () => void;
  readonly onFoldRail: () => void;
}

const SEQUENCE_MS = 1200;

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], .stage") !== null
  );
}

export function useShortcuts({ onSearch, onActivity, onHelp, onFoldRail }: ShortcutHandlers): void {
  const { preferences } = useApp();
  const areOn = useValue(preferences.areSingleKeysOn);
  useEffect(() => {
    let goSince = 0;
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        if (event.target instanceof HTMLElement && event.target.closest(".stage") !== null) return;
        event.preventDefault();
        onSearch();
        return;
      }
      if (!areOn || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("[role=dialog], [role=menu]") !== null) return;
      const isGoing = event.timeStamp - goSince < SEQUENCE_MS && goSince > 0;
      goSince = 0;
      const area = isGoing ? AREAS.find(({ key }) => key === event.key) : undefined;
      if (area !== undefined) navigate(area.to);
      else if (event.key === "/") onSearch();
      else if (event.key === "g") goSince = event.timeStamp;
      else if (event.key === "t") onActivity();
      else if (event.key === "[") onFoldRail();
      else if (event.key === "c") navigate("/vm/new");
      else if (event.key === "?") onHelp();
      else if (/^[1-9]$/.test(event.key))
        document.querySelectorAll<HTMLElement>("nav.tabs a")[Number(event.key) - 1]?.click();
      else if (event.key === ".") openActions();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [areOn, onSearch, onActivity, onHelp, onFoldRail]);
}

/** Shows what may be done, and does none of it: a slip of the finger stops no guest. */
function openActions(): void {
  const menu = document.querySelector<HTMLElement>("[data-actions] [aria-haspopup=menu]");
  if (menu !== null) menu.click();
  else document.querySelector<HTMLElement>("[data-actions] :is(a, button)")?.focus();
}

const LIST: readonly (readonly [readonly string[], MessageKey])[] = [
  [["Ctrl K", "/"], "shortcut.search"],
  [["g", "o g n s t a"], "shortcut.go"],
  [["t"], "shortcut.activity"],
  [["["], "shortcut.rail"],
  [["c"], "shortcut.create"],
  [["↑ ↓", "j k"], "shortcut.move"],
  [["Space"], "shortcut.select"],
  [["Enter"], "shortcut.open"],
  [["o"], "shortcut.console"],
  [["f"], "shortcut.filter"],
  [["1…9"], "shortcut.tabs"],
  [["."], "shortcut.actions"],
  [["Ctrl Alt Enter"], "shortcut.fullscreen"],
  [["Esc"], "shortcut.close"],
  [["?"], "shortcut.help"],
];

export function ShortcutList({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { preferences } = useApp();
  const areOn = useValue(preferences.areSingleKeysOn);
  return (
    <Dialog title={t("shortcuts.title")} onClose={onClose}>
      <dl className="shortcuts">
        {LIST.map(([keys, text]) => (
          <div key={text} style={{ display: "contents" }}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
      <div style={{ marginTop: 16 }}>
        <Switch
          label={t("shortcuts.single")}
          checked={areOn}
          onChange={(value) => preferences.areSingleKeysOn.set(value)}
        />
      </div>
    </Dialog>
  );
}
