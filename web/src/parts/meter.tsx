import type { ReactNode } from "react";
import { fillLevel, formatPercent } from "../format/percent.ts";
import { t } from "../text/t.ts";

const TONE = { ok: "", warn: " w", bad: " b" } as const;

/** A bar never stands without its number. @param share between 0 and 1; undefined draws a dash. */
export function Meter({
  share,
  isStale = false,
}: {
  readonly share: number | undefined;
  readonly isStale?: boolean;
}): ReactNode {
  if (share === undefined) return <span className="faint">{t("value.none")}</span>;
  const clamped = Math.min(1, Math.max(0, share));
  return (
    <span className="meter">
      <Bar share={clamped} isStale={isStale} />
      <b>{formatPercent(share)}</b>
    </span>
  );
}

export function Bar({
  share,
  isStale = false,
  isCalm = false,
  reserved,
}: {
  readonly share: number;
  readonly isStale?: boolean;
  /** Being full is nothing to warn of. */
  readonly isCalm?: boolean;
  readonly reserved?: number;
}): ReactNode {
  return (
    <span className={`bar${isStale || isCalm ? "" : TONE[fillLevel(share)]}`}>
      {reserved === undefined ? null : <u style={{ width: `${reserved * 100}%` }} />}
      <i style={{ width: `${Math.min(1, Math.max(0, share)) * 100}%` }} />
    </span>
  );
}
