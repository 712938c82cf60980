/** A console with its bar: connects, connects again with a new ticket when it is lost, and stays open meanwhile. */
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { Dialog } from "../overlays/lazy.tsx";
import { Button, IconButton } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { TextArea } from "../parts/field.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import { t } from "../text/t.ts";
import { backOffMs } from "./back-off.ts";
import type { Access, Fit, Screen } from "./connection.ts";
import type { KeyName } from "./key-symbols.ts";

interface ConsoleProps {
  readonly kind: "screen" | "terminal";
  readonly label: string;
  /** A new ticket for one connection. */
  readonly connect: () => Promise<Access>;
  /** Undefined: there is something to connect to; else what is said instead, with what may be done. */
  readonly off: ReactNode;
  /** At the left of the bar. */
  readonly choice?: ReactNode;
  /** At the right of the bar. */
  readonly actions?: ReactNode;
  /** After the end of a session there is no other by itself: a shell that was left. */
  readonly endsForGood?: boolean;
}

type Link =
  | { readonly kind: "connecting"; readonly attempt: number }
  | { readonly kind: "open" }
  | { readonly kind: "lost"; readonly attempt: number }
  | { readonly kind: "ended" }
  | { readonly kind: "refused"; readonly error: ApiError };

const PHONE_KEYS: readonly KeyName[] = ["escape", "tab", "left", "down", "up", "right"];
const FITS: readonly Fit[] = ["scale", "actual", "resize"];
const FUNCTION_KEYS = [1, 2, 8, 10, 12] as const;

export function Console({ kind, label, connect, off, choice, actions, endsForGood = false }: ConsoleProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLElement>(null);
  const screen = useRef<Screen | undefined>(undefined);
  const [link, setLink] = useState<Link>({ kind: "connecting", attempt: 0 });
  const [round, setRound] = useState(0);
  const [isPasting, setPasting] = useState(false);
  const [fit, setFit] = useState<Fit>("scale");
  const isOff = off !== undefined && off !== null;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the round stands for the wish to connect anew
  useEffect(() => {
    const element = box.current;
    if (isOff || element === null) return;
    let isGone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let attempt = 0;
    const retry = (): void => {
      attempt += 1;
      setLink({ kind: "lost", attempt });
      timer = setTimeout(() => void open(), backOffMs(attempt));
    };
    const open = async (): Promise<void> => {
      try {
        const [{ openScreen }, access] = await Promise.all([
          kind === "screen" ? import("./vnc-screen.ts") : import("./terminal-screen.ts"),
          connect(),
        ]);
        if (isGone) return;
        // The last frame stays until the new connection draws.
        screen.current?.close();
        element.replaceChildren();
        screen.current = openScreen(element, access, {
          onOpen: () => {
            attempt = 0;
            setLink({ kind: "open" });
            if (document.activeElement === document.body) screen.current?.focus();
          },
          onClose: () => {
            if (isGone) return;
            if (endsForGood && attempt === 0) setLink({ kind: "ended" });
            else retry();
          },
        });
      } catch (error) {
        if (isGone) return;
        const failure = asApiError(error);
        // A right that is missing does not come by waiting; anything else may.
        if (failure.status === 403 || failure.status === 400 || failure.status === 501 || attempt >= 3)
          setLink({ kind: "refused", error: failure });
        else retry();
      }
    };
    setLink({ kind: "connecting", attempt: 0 });
    void open();
    return () => {
      isGone = true;
      clearTimeout(timer);
      screen.current?.close();
      screen.current = undefined;
      element.replaceChildren();
    };
  }, [kind, connect, isOff, endsForGood, round]);

  const leaveFullScreen = useCallback((event: KeyboardEvent) => {
    if (!(event.ctrlKey && event.altKey && event.key === "Enter")) return;
    event.preventDefault();
    event.stopPropagation();
    if (document.fullscreenElement === null) void frame.current?.requestFullscreen();
    else void document.exitFullscreen();
  }, []);
  useEffect(() => {
    const element = frame.current;
    element?.addEventListener("keydown", leaveFullScreen, true);
    return () => element?.removeEventListener("keydown", leaveFullScreen, true);
  }, [leaveFullScreen]);

  const isOpen = link.kind === "open" && !isOff;
  const whyNot = isOpen ? undefined : t("console.not-connected");
  return (
    <section className="con" ref={frame} aria-label={label}>
      <div className="bar2">
        {choice}
        <span className="grow" />
        {kind === "screen" ? (
          <span className="hide-m">
            <Button look="quiet" icon="keyboard" whyNot={whyNot} onClick={() => screen.current?.ctrlAltDel?.()}>
              {t("console.ctrl-alt-del")}
            </Button>
          </span>
        ) : null}
        <Button look="quiet" icon="paste" whyNot={whyNot} onClick={() => setPasting(true)}>
          <span className="lbl">{t("console.paste")}</span>
        </Button>
        {kind === "screen" ? (
          <Menu
            className="btn quiet"
            label={t("console.view")}
            items={[
              ...FITS.map((name) => ({
                label: t(`console.fit-${name}`),
                isChecked: fit === name,
                onSelect: () => {
                  setFit(name);
                  screen.current?.fit?.(name);
                },
              })),
              { kind: "line" as const },
              { label: t("console.ctrl-alt-del"), onSelect: () => screen.current?.ctrlAltDel?.() },
              ...FUNCTION_KEYS.map((number) => ({
                label: t("console.function-key", { n: number }),
                onSelect: () => screen.current?.functionKey?.(number),
              })),
              { kind: "line" as const },
              { label: t("console.screenshot"), onSelect: () => savePicture(screen.current?.picture?.()) },
            ]}
          >
            {t("console.view")} <Icon name="down" />
          </Menu>
        ) : null}
        {actions}
        <IconButton icon="full" label={t("console.full")} onClick={() => void frame.current?.requestFullscreen()} />
      </div>
      <div className={`stage${kind === "terminal" ? " term" : ""}`}>
        <div className="screen" ref={box} />
        {isOff ? <div className="over">{off}</div> : null}
        {!isOff && link.kind === "connecting" ? (
          <div className="over" role="status">
            {t("console.connecting")}
          </div>
        ) : null}
        {!isOff && link.kind === "lost" ? (
          <div className="over" role="status">
            {t("console.lost", { n: link.attempt })}
          </div>
        ) : null}
        {!isOff && link.kind === "ended" ? (
          <div className="over">
            {t("console.ended")}
            <Button onClick={() => setRound(round + 1)}>{t("console.again")}</Button>
          </div>
        ) : null}
        {!isOff && link.kind === "refused" ? (
          <div className="over">
            <Failure what={t("console.failed")} error={link.error} onRetry={() => setRound(round + 1)} />
          </div>
        ) : null}
      </div>
      <div className="keys" role="toolbar" aria-label={t("console.keys")}>
        {PHONE_KEYS.map((key) => (
          <Button key={key} onClick={() => screen.current?.press(key)}>
            {t(`console.key-${key}`)}
          </Button>
        ))}
        <Button onClick={() => screen.current?.hold("control")}>{t("console.key-control")}</Button>
        <Button onClick={() => screen.current?.hold("alt")}>{t("console.key-alt")}</Button>
      </div>
      {isPasting ? (
        <PasteDialog onType={(text) => screen.current?.type(text)} onClose={() => setPasting(false)} />
      ) : null}
    </section>
  );
}

function PasteDialog({
  onType,
  onClose,
}: {
  readonly onType: (text: string) => void;
  readonly onClose: () => void;
}): ReactNode {
  const [text, setText] = useState("");
  return (
    <Dialog title={t("console.paste-title")} onClose={onClose}>
      <div className="sheet">
        <div className="fields">
          <TextArea
            label={t("console.paste-text")}
            help={t("console.paste-help")}
            value={text}
            onChange={setText}
            width={6}
            rows={6}
            data-autofocus
          />
        </div>
        <div className="sheetf">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button
            look="primary"
            onClick={() => {
              onClose();
              onType(text);
            }}
          >
            {t("console.type")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function savePicture(address: string | undefined): void {
  if (address === undefined) return;
  const link = document.createElement("a");
  link.href = address;
  link.download = "screen.png";
  link.click();
}
