import { type ReactNode, useState } from "react";
import { useWhyNot } from "../guest/guest-actions.tsx";
import { POWER, type PowerAction } from "../guest/power.ts";
import { Button, IconButton } from "../parts/button.tsx";
import { t } from "../text/t.ts";
import { BulkSheet } from "./bulk-sheet.tsx";
import type { GuestRow } from "./columns.ts";

const ACTIONS: readonly PowerAction[] = ["start", "shutdown", "stop"];

interface BulkBarProps {
  readonly rows: readonly GuestRow[];
  readonly onSelect: (selected: ReadonlySet<number>) => void;
}

export function BulkBar({ rows, onSelect }: BulkBarProps): ReactNode {
  const whyNot = useWhyNot();
  const [asked, setAsked] = useState<{ readonly action: PowerAction; readonly rows: readonly GuestRow[] } | undefined>(
    undefined,
  );
  return (
    <>
      <div className="bulk" role="toolbar" aria-label={t("bulk.title")}>
        <b>{t("bulk.selected", { n: rows.length })}</b>
        {ACTIONS.map((action) => {
          const reasons = rows.map(({ guest }) => whyNot(action, guest));
          const isPossible = reasons.some((reason) => reason === undefined);
          return (
            <Button
              key={action}
              icon={POWER[action].icon}
              whyNot={isPossible ? undefined : reasons[0]}
              // The rows are kept as they are now: their states change while the sheet works.
              onClick={() => setAsked({ action, rows })}
            >
              {t(POWER[action].label)}
            </Button>
          );
        })}
        <IconButton
          icon="close"
          label={t("bulk.clear")}
          style={{ color: "inherit" }}
          onClick={() => onSelect(new Set())}
        />
      </div>
      {asked === undefined ? null : (
        <BulkSheet {...asked} onDone={(failed) => onSelect(new Set(failed))} onClose={() => setAsked(undefined)} />
      )}
    </>
  );
}
