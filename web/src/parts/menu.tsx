/** A button with a list of actions: arrow keys move, Escape and a press elsewhere close it. */
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Icon, type IconName } from "./icon.tsx";

export type MenuItem =
  | {
      readonly kind?: "action";
      readonly label: string;
      readonly icon?: IconName;
      readonly isDangerous?: boolean;
      readonly isChecked?: boolean;
      readonly whyNot?: string | undefined;
      readonly onSelect: () => void;
    }
  | { readonly kind: "line" }
  | { readonly kind: "text"; readonly text: string };

interface MenuProps {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly className?: string;
  readonly side?: "left" | "right";
  readonly children: ReactNode;
}

export function Menu({ label, items, className = "btn", side = "right", children }: MenuProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const [isAbove, setAbove] = useState(false);
  const anchor = useRef<HTMLSpanElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };

  useEffect(() => {
    if (!isOpen) return;
    const below = innerHeight - (button.current?.getBoundingClientRect().bottom ?? 0);
    setAbove(below < (list.current?.offsetHeight ?? 0) + 12);
    entries(list.current)[0]?.focus();
    const onPress = (event: PointerEvent): void => {
      if (!anchor.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", onPress);
    return () => removeEventListener("pointerdown", onPress);
  }, [isOpen]);

  const onKey = (event: KeyboardEvent): void => {
    const all = entries(list.current);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) all[(at + step + all.length) % all.length]?.focus();
    else if (event.key === "Home") all[0]?.focus();
    else if (event.key === "End") all.at(-1)?.focus();
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") setOpen(false);
    else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  };

  return (
    <span className="menua" ref={anchor}>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" || isOpen) return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        {children}
      </button>
      {isOpen ? (
        <div
          ref={list}
          id={id}
          className={`menu${side === "left" ? " left" : ""}${isAbove ? " above" : ""}`}
          role="menu"
          aria-label={label}
          tabIndex={-1}
          onKeyDown={onKey}
        >
          {items.map((item, index) => {
            if (item.kind === "line") {
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity
              return <hr key={`line-${index}`} />;
            }
            if (item.kind === "text") {
              return (
                <div key={item.text} className="cap-line" role="presentation">
                  {item.text}
                </div>
              );
            }
            const { whyNot } = item;
            return (
              <button
                key={item.label}
                type="button"
                {...(item.isChecked === undefined
                  ? { role: "menuitem" }
                  : { role: "menuitemradio", "aria-checked": item.isChecked })}
                tabIndex={-1}
                className={item.isDangerous === true ? "danger" : ""}
                aria-disabled={whyNot === undefined ? undefined : true}
                onClick={() => {
                  if (whyNot !== undefined) return;
                  close();
                  item.onSelect();
                }}
              >
                {item.icon === undefined ? null : <Icon name={item.icon} />}
                <span className="grow">
                  {item.label}
                  {whyNot === undefined ? null : <span className="why">{whyNot}</span>}
                </span>
                {item.isChecked === true ? "✓" : null}
              </button>
            );
          })}
        </div>
      ) : null}
    </span>
  );
}

function entries(list: HTMLElement | null): HTMLElement[] {
  return [...(list?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];
}
