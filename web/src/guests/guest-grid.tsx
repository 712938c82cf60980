/** The table of guests: real table semantics, only the rows in view are drawn, moved in by keyboard. */
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useApp, useValue } from "../app-context.tsx";
import { formatBytes } from "../format/bytes.ts";
import { formatAge } from "../format/time.ts";
import type { GuestAction } from "../guest/guest-actions.tsx";
import { POWER } from "../guest/power.ts";
import { StateWord } from "../guest/state-word.tsx";
import { Icon, StateShape } from "../parts/icon.tsx";
import { Meter } from "../parts/meter.tsx";
import { Link } from "../route/navigation.tsx";
import { t } from "../text/t.ts";
import type { Column, GuestRow, SortKey } from "./columns.ts";

interface GridProps {
  readonly rows: readonly GuestRow[];
  readonly columns: readonly Column[];
  readonly sort: readonly SortKey[];
  readonly now: number;
  readonly selected: ReadonlySet<number>;
  readonly underWay: ReadonlyMap<number, GuestAction>;
  readonly onSelect: (selected: ReadonlySet<number>) => void;
  readonly onSort: (column: string, isAdded: boolean) => void;
  readonly onOpen: (row: GuestRow) => void;
  readonly onConsole: (row: GuestRow) => void;
}

const ROW_PX = 34;
const OVERSCAN = 12;
const FIRST_DRAWN = 40;
const MOVES: ReadonlySet<string> = new Set(["j", "k", "ArrowDown", "ArrowUp"]);

export function GuestGrid({
  rows,
  columns,
  sort,
  now,
  selected,
  underWay,
  onSelect,
  onSort,
  onOpen,
  onConsole,
}: GridProps): ReactNode {
  const scroller = useRef<HTMLElement>(null);
  const [range, setRange] = useState({ from: 0, to: FIRST_DRAWN });
  const [cursor, setCursor] = useState(-1);
  const anchor = useRef(-1);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const onScroll = (): void => {
      // On small screens the page scrolls, not the table.
      const isOwn = element.scrollHeight > element.clientHeight + 1;
      const top = isOwn ? element.scrollTop : -element.getBoundingClientRect().top;
      const height = isOwn ? element.clientHeight : innerHeight;
      const from = Math.max(0, Math.floor(top / ROW_PX) - OVERSCAN);
      const to = Math.ceil((top + height) / ROW_PX) + OVERSCAN;
      setRange((old) => (old.from === from && old.to === to ? old : { from, to }));
    };
    onScroll();
    element.addEventListener("scroll", onScroll, { passive: true });
    addEventListener("scroll", onScroll, { passive: true });
    addEventListener("resize", onScroll);
    return () => {
      element.removeEventListener("scroll", onScroll);
      removeEventListener("scroll", onScroll);
      removeEventListener("resize", onScroll);
    };
  }, []);

  // Without anything else in focus the keys that move are meant for the table.
  const { areSingleKeysOn } = useApp().preferences;
  const areKeysOn = useValue(areSingleKeysOn);
  useEffect(() => {
    if (!areKeysOn) return;
    const onPageKey = (event: globalThis.KeyboardEvent): void => {
      const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.defaultPrevented;
      if (!isPlain || !MOVES.has(event.key) || document.activeElement !== document.body) return;
      event.preventDefault();
      scroller.current?.focus({ preventScroll: true });
      setCursor((old) => Math.max(0, old));
    };
    addEventListener("keydown", onPageKey);
    return () => removeEventListener("keydown", onPageKey);
  }, [areKeysOn]);

  const pick = useCallback(
    (index: number, isRange: boolean): void => {
      const row = rows[index];
      if (row === undefined) return;
      const next = new Set(selected);
      if (isRange && anchor.current >= 0) {
        const [from, to] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
        for (const { guest } of rows.slice(from, to + 1)) next.add(guest.vmid);
      } else if (!next.delete(row.guest.vmid)) next.add(row.guest.vmid);
      anchor.current = index;
      onSelect(next);
    },
    [rows, selected, onSelect],
  );

  const onKey = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.target instanceof HTMLInputElement && event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const go = (index: number): void => {
      const next = Math.min(rows.length - 1, Math.max(0, index));
      setCursor(next);
      const element = scroller.current;
      if (element === null) return;
      const top = next * ROW_PX;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top + 2 * ROW_PX > element.scrollTop + element.clientHeight)
        element.scrollTop = top + 2 * ROW_PX - element.clientHeight;
    };
    const row = rows[cursor];
    if ((event.ctrlKey || event.metaKey) && event.key === "a") onSelect(new Set(rows.map(({ guest }) => guest.vmid)));
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "ArrowDown" || event.key === "j") go(cursor + 1);
    else if (event.key === "ArrowUp" || event.key === "k") go(cursor - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(rows.length - 1);
    else if (event.key === " " && row !== undefined) pick(cursor, event.shiftKey);
    else if (event.key === "Enter" && row !== undefined && event.target === event.currentTarget) onOpen(row);
    else if (event.key === "o" && row !== undefined) onConsole(row);
    else if (event.key === "Escape" && selected.size > 0) onSelect(new Set());
    else return;
    event.preventDefault();
  };

  const from = Math.min(range.from, Math.max(0, rows.length - 1));
  const to = Math.min(rows.length, range.to);
  const areAll = rows.length > 0 && rows.every(({ guest }) => selected.has(guest.vmid));
  const [first] = sort;
  return (
    <section
      className="scroll gridscroll"
      ref={scroller}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the table scrolls and is moved in by keyboard
      tabIndex={0}
      aria-label={t("guests.table")}
      onKeyDown={onKey}
    >
      <table className="grid" aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <input
                type="checkbox"
                aria-label={t("guests.select-all")}
                checked={areAll}
                onChange={() => onSelect(areAll ? new Set() : new Set(rows.map(({ guest }) => guest.vmid)))}
              />
            </th>
            {columns.map(({ id, label, isNumber, isWide }) => {
              const key = sort.find(({ column }) => column === id);
              const direction = key === undefined ? undefined : key.isDescending ? "descending" : "ascending";
              return (
                <th
                  key={id}
                  scope="col"
                  className={[
                    isNumber === true ? "num" : "",
                    key === undefined ? "" : "sort",
                    isWide === true ? "h-m" : "",
                  ].join(" ")}
                  aria-sort={first?.column === id ? direction : undefined}
                >
                  <button type="button" onClick={(event) => onSort(id, event.shiftKey)}>
                    {t(label)}
                    {key === undefined ? null : <Icon name={key.isDescending ? "down" : "up"} />}
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {from > 0 ? <Pad height={from * ROW_PX} /> : null}
          {rows.slice(from, to).map((row, offset) => {
            const index = from + offset;
            return (
              <Row
                key={row.guest.id}
                row={row}
                index={index}
                columns={columns}
                now={needsNow(row) ? now : 0}
                isSelected={selected.has(row.guest.vmid)}
                isCursor={index === cursor}
                action={underWay.get(row.guest.vmid)}
                onPick={pick}
              />
            );
          })}
          {to < rows.length ? <Pad height={(rows.length - to) * ROW_PX} /> : null}
        </tbody>
      </table>
    </section>
  );
}

function needsNow({ state }: GuestRow): boolean {
  return state === "unknown";
}

function Pad({ height }: { readonly height: number }): ReactNode {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row cannot be focused
    <tr className="pad" aria-hidden="true">
      <td style={{ height }} />
    </tr>
  );
}

interface RowProps {
  readonly row: GuestRow;
  readonly index: number;
  readonly columns: readonly Column[];
  readonly now: number;
  readonly isSelected: boolean;
  readonly isCursor: boolean;
  readonly action: GuestAction | undefined;
  readonly onPick: (index: number, isRange: boolean) => void;
}

const Row = memo(function Row({ row, index, columns, now, isSelected, isCursor, action, onPick }: RowProps): ReactNode {
  const { guest, state } = row;
  const className = [isSelected ? "sel" : "", state === "unknown" ? "stale" : "", isCursor ? "cursor" : ""]
    .filter((name) => name !== "")
    .join(" ");
  return (
    <tr className={className} aria-rowindex={index + 2}>
      <td style={{ width: 40 }}>
        <input
          type="checkbox"
          aria-label={t("guests.select", { name: guest.name })}
          checked={isSelected}
          onChange={() => {}}
          onClick={(event) => onPick(index, event.shiftKey)}
        />
      </td>
      {columns.map((column) => (
        <Cell key={column.id} column={column} row={row} now={now} action={action} />
      ))}
    </tr>
  );
});

function Cell({
  column,
  row,
  now,
  action,
}: {
  readonly column: Column;
  readonly row: GuestRow;
  readonly now: number;
  readonly action: GuestAction | undefined;
}): ReactNode {
  const { guest, state } = row;
  const wide = column.isWide === true ? " h-m" : "";
  switch (column.id) {
    case "state":
      return (
        <td>
          {action === undefined ? (
            <StateWord guest={guest} state={state} />
          ) : (
            <span className="st">
              <StateShape shape="busy" />
              {action === "delete"
                ? t("power.deleting-word")
                : t(`${POWER[action].running}-word` as "power.starting-word")}
            </span>
          )}
        </td>
      );
    case "id":
      return <td className="num mono faint">{guest.vmid}</td>;
    case "name":
      return (
        <td>
          <Link className="name" to={`/vm/${guest.vmid}`}>
            {guest.name}
          </Link>
          {guest.tags.map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
          {guest.isTemplate ? <span className="tag">{t("guest.template")}</span> : null}
          {guest.guestKind === "qemu" && !guest.isTemplate ? (
            <Link
              className="con-link"
              to={`/vm/${guest.vmid}/console`}
              aria-label={t("guests.console", { name: guest.name })}
            >
              <Icon name="terminal" />
            </Link>
          ) : null}
        </td>
      );
    case "node":
      return (
        <td>
          {guest.node}
          {state === "unknown" && now > 0 ? (
            <span className="faint"> {t("value.ago", { age: formatAge(now - guest.at) })}</span>
          ) : null}
        </td>
      );
    case "cpu":
    case "memory": {
      const value = column.sortBy(row);
      return (
        <td style={{ width: 118 }}>
          <Meter share={typeof value === "number" ? value : undefined} isStale={state === "unknown"} />
        </td>
      );
    }
    case "ram":
    case "disk": {
      const value = column.sortBy(row);
      return (
        <td className={`num muted${wide}`}>
          {typeof value === "number" && value > 0 ? formatBytes(value) : t("value.none")}
        </td>
      );
    }
    case "uptime": {
      const value = column.sortBy(row);
      return (
        <td className={`num muted${wide}`}>
          {typeof value === "number" && value > 0 ? formatAge(value) : t("value.none")}
        </td>
      );
    }
    default:
      return (
        <td className={`${column.isNumber === true ? "num " : ""}muted${wide}`}>
          {column.text(row) ?? t("value.none")}
        </td>
      );
  }
}
