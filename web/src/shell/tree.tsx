/** The tree: where things are. Only what is scrolled into view is drawn. */
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { useApp, useInventory, useNow, useValue } from "../app-context.tsx";
import { formatAge } from "../format/time.ts";
import { STATE_SHAPE } from "../guest/state-word.tsx";
import { Icon, StateShape } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import type { TreeGrouping } from "../preferences.ts";
import { navigate } from "../route/navigation.tsx";
import type { Route } from "../route/routes.ts";
import { t } from "../text/t.ts";
import { type TreeRow, treeRows } from "./tree-rows.ts";

const GROUPINGS: readonly TreeGrouping[] = ["node", "pool", "tag"];
const ROW_PX = 26;
const OVERSCAN = 20;
/** Above so many guests nodes start folded: the tree says where, the search says which. */
const OPEN_UP_TO = 50;

export function Tree({ route }: { readonly route: Route }): ReactNode {
  const { preferences } = useApp();
  const inventory = useInventory((value) => value);
  const grouping = useValue(preferences.treeGrouping);
  const now = useNow(5000);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [filter, setFilter] = useState("");
  const [active, setActive] = useState<string | undefined>(undefined);
  const box = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ from: 0, to: 80 });

  const startsOpen = inventory.guests.size <= OPEN_UP_TO;
  const rows = useMemo(
    () => treeRows({ inventory, grouping, isOpen: (key) => toggled.has(key) !== startsOpen, filter, now }),
    [inventory, grouping, toggled, startsOpen, filter, now],
  );
  const activeIndex = Math.max(
    0,
    rows.findIndex(({ key }) => key === active),
  );

  useEffect(() => {
    const scroller = box.current?.closest(".rail");
    if (!(scroller instanceof HTMLElement)) return;
    const onScroll = (): void => {
      const top = scroller.scrollTop - (box.current?.offsetTop ?? 0);
      const from = Math.max(0, Math.floor(top / ROW_PX) - OVERSCAN);
      const to = Math.ceil((top + scroller.clientHeight) / ROW_PX) + OVERSCAN;
      setRange((old) => (old.from === from && old.to === to ? old : { from, to }));
    };
    onScroll();
    scroller.addEventListener("scroll", onScroll, { passive: true });
    addEventListener("resize", onScroll);
    return () => {
      scroller.removeEventListener("scroll", onScroll);
      removeEventListener("resize", onScroll);
    };
  }, []);

  const toggle = (key: string): void =>
    setToggled((set) => {
      const next = new Set(set);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  const open = (row: TreeRow): void => {
    if (row.kind === "guest") navigate(`/vm/${row.guest.vmid}`);
    else if (row.node !== undefined) navigate(`/node/${row.title}`);
    else toggle(row.key);
  };
  const onKey = (event: KeyboardEvent): void => {
    const row = rows[activeIndex];
    if (row === undefined) return;
    const go = (index: number): void => {
      const target = rows[Math.min(rows.length - 1, Math.max(0, index))];
      setActive(target?.key);
      box.current?.querySelector(`[data-key="${CSS.escape(target?.key ?? "")}"]`)?.scrollIntoView({ block: "nearest" });
    };
    if (event.key === "ArrowDown") go(activeIndex + 1);
    else if (event.key === "ArrowUp") go(activeIndex - 1);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(rows.length - 1);
    else if (event.key === "ArrowRight" && row.kind === "group") row.isOpen ? go(activeIndex + 1) : toggle(row.key);
    else if (event.key === "ArrowLeft") {
      if (row.kind === "group" && row.isOpen) toggle(row.key);
      else go(rows.findLastIndex(({ kind }, index) => kind === "group" && index < activeIndex));
    } else if (event.key === "Enter" || event.key === " ") open(row);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const shown = rows.slice(range.from, range.to);
  const idOf = (key: string): string => `tree-${key}`;
  return (
    <>
      <div className="treeh">
        <span id="tree-title">{t("tree.title")}</span>
        <Menu
          className=""
          label={t("tree.grouping", { by: t(`tree.by-${grouping}`) })}
          items={GROUPINGS.map((name) => ({
            label: t(`tree.by-${name}`),
            isChecked: name === grouping,
            onSelect: () => preferences.treeGrouping.set(name),
          }))}
        >
          {t(`tree.by-${grouping}`)} <Icon name="down" />
        </Menu>
      </div>
      {inventory.guests.size > 10 ? (
        <div className="treef">
          <input
            type="search"
            className="lbl"
            aria-label={t("tree.filter")}
            placeholder={t("tree.filter")}
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
        </div>
      ) : null}
      <div
        ref={box}
        className="tree"
        role="tree"
        aria-labelledby="tree-title"
        tabIndex={0}
        aria-activedescendant={active === undefined ? undefined : idOf(active)}
        onKeyDown={onKey}
        onFocus={() => setActive((key) => key ?? rows[0]?.key)}
        style={{ height: rows.length * ROW_PX }}
      >
        <div role="presentation" style={{ transform: `translateY(${range.from * ROW_PX}px)` }}>
          {shown.map((row) => (
            <Row
              key={row.key}
              id={idOf(row.key)}
              row={row}
              isCurrent={isCurrent(row, route)}
              isActive={row.key === active}
              now={now}
              onToggle={() => toggle(row.key)}
              onOpen={() => {
                setActive(row.key);
                open(row);
              }}
            />
          ))}
        </div>
      </div>
    </>
  );
}

function isCurrent(row: TreeRow, route: Route): boolean {
  if (row.kind === "guest") return route.page === "vm" && route.vmid === row.guest.vmid;
  return route.page === "node" && row.node !== undefined && route.node === row.title;
}

interface RowProps {
  readonly id: string;
  readonly row: TreeRow;
  readonly isCurrent: boolean;
  readonly isActive: boolean;
  readonly now: number;
  readonly onToggle: () => void;
  readonly onOpen: () => void;
}

function Row({ id, row, isCurrent: current, isActive, now, onToggle, onOpen }: RowProps): ReactNode {
  const onClick = (event: MouseEvent): void => {
    if (event.target instanceof Element && event.target.closest(".chev") !== null) onToggle();
    else onOpen();
  };
  const isGuest = row.kind === "guest";
  const isStale = isGuest ? row.state === "unknown" : row.isAway;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys for all of its items
    <div
      id={id}
      data-key={row.key}
      role="treeitem"
      tabIndex={-1}
      aria-level={isGuest ? 2 : 1}
      aria-expanded={isGuest ? undefined : row.isOpen}
      aria-selected={current}
      aria-current={current ? "page" : undefined}
      className={isStale ? "stale" : ""}
      style={isActive ? { outline: "1px solid var(--accent)", outlineOffset: -1 } : {}}
      onClick={onClick}
    >
      {isGuest ? <GuestItem row={row} /> : <GroupItem row={row} now={now} />}
    </div>
  );
}

function GuestItem({ row: { guest, state } }: { readonly row: TreeRow & { readonly kind: "guest" } }): ReactNode {
  return (
    <>
      <StateShape shape={STATE_SHAPE[state]} label={t(`state.${state}`)} />
      <span className="id">{guest.vmid}</span>
      <span className="nm">{guest.name}</span>
    </>
  );
}

function GroupItem({
  row,
  now,
}: {
  readonly row: TreeRow & { readonly kind: "group" };
  readonly now: number;
}): ReactNode {
  const { node, isAway, isOpen, title, count } = row;
  return (
    <>
      <Icon name={isOpen ? "down" : "right"} className="chev" />
      {node === undefined ? null : (
        <StateShape shape={isAway ? "unknown" : "ok"} label={t(isAway ? "node.away" : "node.online")} />
      )}
      <span className="nm">{title === "" ? t("tree.without") : title}</span>
      <span className="n">
        {isAway && node !== undefined ? t("value.ago", { age: formatAge(now - node.at) }) : count}
      </span>
    </>
  );
}
