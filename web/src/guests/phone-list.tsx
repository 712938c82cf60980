import { type ReactNode, useRef } from "react";
import { formatBytes } from "../format/bytes.ts";
import { formatPercent } from "../format/percent.ts";
import { STATE_SHAPE } from "../guest/state-word.tsx";
import { StateShape } from "../parts/icon.tsx";
import { Link } from "../route/navigation.tsx";
import { t } from "../text/t.ts";
import type { GuestRow } from "./columns.ts";

interface PhoneListProps {
  readonly rows: readonly GuestRow[];
  readonly selected: ReadonlySet<number>;
  readonly onSelect: (selected: ReadonlySet<number>) => void;
}

const LONG_PRESS_MS = 500;
const SHOWN = 200;

/** Two lines a guest; a long press selects. */
export function PhoneList({ rows, selected, onSelect }: PhoneListProps): ReactNode {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const wasLong = useRef(false);
  const toggle = (vmid: number): void => {
    const next = new Set(selected);
    if (!next.delete(vmid)) next.add(vmid);
    onSelect(next);
  };
  return (
    <ul className="mlist" aria-label={t("guests.table")}>
      {rows.slice(0, SHOWN).map(({ guest, state }) => (
        <li
          key={guest.id}
          className={[state === "unknown" ? "stale" : "", selected.has(guest.vmid) ? "sel" : ""].join(" ")}
          style={selected.has(guest.vmid) ? { background: "var(--accent-soft)" } : {}}
          onPointerDown={() => {
            wasLong.current = false;
            timer.current = setTimeout(() => {
              wasLong.current = true;
              toggle(guest.vmid);
            }, LONG_PRESS_MS);
          }}
          onPointerUp={() => clearTimeout(timer.current)}
          onPointerLeave={() => clearTimeout(timer.current)}
        >
          <StateShape shape={STATE_SHAPE[state]} label={t(`state.${state}`)} />
          <span>
            <b>{guest.name}</b> <span className="mono">{guest.vmid}</span>
          </span>
          <span className="r1">
            {state === "running" && guest.cpu !== undefined ? formatPercent(guest.cpu) : t("value.none")}
          </span>
          <span className="l2">
            {guest.node} · {t(`state.${state}`)}
            {guest.tags.length > 0 ? ` · ${guest.tags.join(", ")}` : ""}
          </span>
          <span className="r2">{guest.memoryTotal === undefined ? "" : formatBytes(guest.memoryTotal)}</span>
          <Link
            className="pick"
            style={{ display: "block" }}
            to={`/vm/${guest.vmid}`}
            aria-label={guest.name}
            onClick={(event) => {
              if (!wasLong.current && selected.size === 0) return;
              event.preventDefault();
              if (!wasLong.current) toggle(guest.vmid);
            }}
          >
            {null}
          </Link>
        </li>
      ))}
      {rows.length > SHOWN ? <li>{t("guests.more", { n: rows.length - SHOWN })}</li> : null}
    </ul>
  );
}
