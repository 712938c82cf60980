import type { ReactNode } from "react";
import { t } from "../text/t.ts";

const CENTER = 52;
const RADIUS = 43;
const GAP_DEGREES = 10;

function point(degrees: number, radius: number): string {
  const angle = ((degrees - 90) * Math.PI) / 180;
  return `${(CENTER + radius * Math.cos(angle)).toFixed(2)} ${(CENTER + radius * Math.sin(angle)).toFixed(2)}`;
}

/** A segment per vote, whole when present, dashed when absent; the mark stands where the majority begins. */
export function QuorumRing({ present, total }: { readonly present: number; readonly total: number }): ReactNode {
  const votes = Math.max(1, total);
  const majority = Math.floor(votes / 2) + 1;
  const step = 360 / votes;
  const label = votes === 1 ? t("ring.alone", { present }) : t("ring.label", { present, total, majority });
  return (
    <svg className="ring" viewBox="0 0 104 104" role="img" aria-label={label} fill="none">
      {votes === 1 ? (
        <circle cx={CENTER} cy={CENTER} r={RADIUS} {...lineOf(present > 0)} />
      ) : (
        Array.from({ length: votes }, (_, index) => {
          const from = index * step + GAP_DEGREES / 2;
          const to = (index + 1) * step - GAP_DEGREES / 2;
          const large = to - from > 180 ? 1 : 0;
          return (
            <path
              // biome-ignore lint/suspicious/noArrayIndexKey: votes have no other identity
              key={index}
              d={`M${point(from, RADIUS)}A${RADIUS} ${RADIUS} 0 ${large} 1 ${point(to, RADIUS)}`}
              {...lineOf(index < present)}
            />
          );
        })
      )}
      {votes === 1 ? null : (
        <path d={`M${point(majority * step, 34)}L${point(majority * step, 51)}`} stroke="var(--text)" strokeWidth="2" />
      )}
      <text x={CENTER} y="54" textAnchor="middle" fill="var(--text)" fontSize="25" fontWeight="600" letterSpacing="-.5">
        {present}/{total}
      </text>
      <text x={CENTER} y="68" textAnchor="middle" fill="var(--faint)" fontSize="10.5">
        {votes === 1 ? t("ring.node") : t("ring.votes")}
      </text>
    </svg>
  );
}

function lineOf(isPresent: boolean): Readonly<Record<string, string | number>> {
  return isPresent
    ? { stroke: "var(--fill-ok)", strokeWidth: 9, strokeLinecap: "butt" }
    : { stroke: "var(--off)", strokeWidth: 2.5, strokeLinecap: "round", strokeDasharray: "4 5" };
}
