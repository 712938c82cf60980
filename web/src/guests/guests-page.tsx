import { type ReactNode, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useAllowed, useApp, useInventory, useNow, useTitle, useValue } from "../app-context.tsx";
import { matchesFilter } from "../filter/match-guest.ts";
import { parseFilter } from "../filter/parse-filter.ts";
import { downloadText } from "../format/download.ts";
import { useGuestActions } from "../guest/guest-actions.tsx";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import { Link, navigate, useSearchParam } from "../route/navigation.tsx";
import { isTyping } from "../shell/shortcuts.tsx";
import { guestState } from "../store/freshness.ts";
import { t } from "../text/t.ts";
import { BulkBar } from "./bulk-bar.tsx";
import {
  COLUMNS,
  DEFAULT_COLUMNS,
  type GuestRow,
  guestsCsv,
  nextSort,
  parseSort,
  printSort,
  sortRows,
} from "./columns.ts";
import { FilterBox } from "./filter-box.tsx";
import { GuestGrid } from "./guest-grid.tsx";
import { PhoneList } from "./phone-list.tsx";

/** Ready-made filters over the table. */
const VIEWS = [
  { id: "all", label: "view.all", filter: "" },
  { id: "running", label: "view.running", filter: "status:running" },
  { id: "stopped", label: "view.stopped", filter: "status:stopped -template:yes" },
  { id: "unknown", label: "view.unknown", filter: "stale:yes" },
] as const;

export function GuestsPage(): ReactNode {
  useTitle(t("area.guests"));
  const now = useNow(5000);
  const inventory = useInventory((value) => value);
  const { mayAnywhere } = useAllowed();
  const { underWay } = useGuestActions();
  const [filterText = "", setFilterText] = useSearchParam("q");
  const [sortText, setSortText] = useSearchParam("sort");
  const [columnsText, setColumnsText] = useSearchParam("cols");
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const filterBox = useRef<HTMLInputElement>(null);

  const askedFilter = useDeferredValue(filterText);
  const parsed = useMemo(() => parseFilter(askedFilter), [askedFilter]);
  const keys = useMemo(() => parseSort(sortText), [sortText]);
  const shownIds = columnsText === undefined ? DEFAULT_COLUMNS : columnsText.split(",");
  const columns = COLUMNS.filter(({ id }) => shownIds.includes(id) || id === "name");

  const all = useMemo(
    (): readonly GuestRow[] =>
      [...inventory.guests.values()].map((guest) => ({ guest, state: guestState(guest, inventory, now) })),
    [inventory, now],
  );
  const rows = useMemo(
    () =>
      sortRows(
        all.filter((row) => matchesFilter(parsed.root, row)),
        keys,
      ),
    [all, parsed, keys],
  );
  const selectedRows = useMemo(() => all.filter(({ guest }) => selected.has(guest.vmid)), [all, selected]);

  const areKeysOn = useValue(useApp().preferences.areSingleKeysOn);
  useEffect(() => {
    if (!areKeysOn) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "f" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      filterBox.current?.focus();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [areKeysOn]);

  const onOpen = useCallback((row: GuestRow) => navigate(`/vm/${row.guest.vmid}`), []);
  const onConsole = useCallback((row: GuestRow) => navigate(`/vm/${row.guest.vmid}/console`), []);
  const running = all.filter(({ state }) => state === "running").length;
  const unknown = all.filter(({ state }) => state === "unknown").length;
  const mayCreate = mayAnywhere("/vms", "VM.Allocate");

  return (
    <>
      <div className="ph">
        <h1>{t("area.guests")}</h1>
        <span className="faint cnt">
          {t(unknown > 0 ? "guests.count-unknown" : "guests.count", { n: all.length, running, unknown })}
        </span>
        {mayCreate ? (
          <div className="row">
            <Link className="btn pri" to="/vm/new">
              <Icon name="plus" />
              {t("create.open")}
            </Link>
          </div>
        ) : null}
      </div>
      <div className="views" style={{ marginBottom: 12 }}>
        <nav className="seg" aria-label={t("view.title")}>
          {VIEWS.map(({ id, label, filter }) => (
            <Link
              key={id}
              to={filter === "" ? "/guests" : `/guests?q=${encodeURIComponent(filter)}`}
              aria-current={filterText === filter ? "true" : undefined}
            >
              {t(label)}
            </Link>
          ))}
        </nav>
      </div>
      <section className="card gridcard" aria-label={t("area.guests")}>
        <div className="tb">
          <FilterBox ref={filterBox} value={filterText} onChange={(value) => setFilterText(value)} />
          <span className="hide-m">
            <Menu
              className="btn"
              label={t("columns.title")}
              items={[
                ...COLUMNS.filter(({ id }) => id !== "name").map(({ id, label }) => ({
                  label: t(label),
                  isChecked: shownIds.includes(id),
                  onSelect: () => {
                    const next = COLUMNS.map((column) => column.id).filter((one) =>
                      one === id ? !shownIds.includes(id) : shownIds.includes(one),
                    );
                    setColumnsText(next.join() === DEFAULT_COLUMNS.join() ? undefined : next.join());
                  },
                })),
                { kind: "line" as const },
                {
                  label: t("guests.csv"),
                  icon: "download" as const,
                  onSelect: () => downloadText("guests.csv", guestsCsv(rows, columns)),
                },
              ]}
            >
              <Icon name="columns" />
              {t("columns.title")}
            </Menu>
          </span>
        </div>
        {parsed.unknownKeys.length > 0 ? (
          <p className="hintline">{t("filter.unknown", { keys: parsed.unknownKeys.join(", ") })}</p>
        ) : null}
        {all.length === 0 ? (
          <Empty mayCreate={mayCreate} isLoaded={inventory.isLoaded} />
        ) : rows.length === 0 ? (
          <div className="nothing">
            <p>{t("guests.nothing-matches", { filter: filterText })}</p>
            <Button onClick={() => setFilterText(undefined)}>{t("filter.clear")}</Button>
          </div>
        ) : (
          <>
            <GuestGrid
              rows={rows}
              columns={columns}
              sort={keys}
              now={now}
              selected={selected}
              underWay={underWay}
              onSelect={setSelected}
              onSort={(column, isAdded) => setSortText(printSort(nextSort(keys, column, isAdded)))}
              onOpen={onOpen}
              onConsole={onConsole}
            />
            <PhoneList rows={rows} selected={selected} onSelect={setSelected} />
          </>
        )}
        <div className="tf">
          <span>
            {rows.length === all.length
              ? t("guests.shown-all", { n: all.length })
              : t("guests.shown", { n: rows.length, all: all.length })}
          </span>
          <span>{t("guests.keys")}</span>
        </div>
      </section>
      {selectedRows.length > 0 ? <BulkBar rows={selectedRows} onSelect={setSelected} /> : null}
    </>
  );
}

function Empty({ mayCreate, isLoaded }: { readonly mayCreate: boolean; readonly isLoaded: boolean }): ReactNode {
  if (!isLoaded) {
    return (
      <div className="nothing" aria-hidden="true">
        <span className="sk" style={{ height: 240 }} />
      </div>
    );
  }
  return (
    <div className="nothing">
      <p>{t("guests.empty")}</p>
      {mayCreate ? (
        <Link className="btn pri" to="/vm/new">
          {t("create.open")}
        </Link>
      ) : null}
    </div>
  );
}
