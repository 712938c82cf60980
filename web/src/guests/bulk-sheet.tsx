/** What will happen to each guest before it happens, then how far each is. Failed ones stay selected. */
import { type ReactNode, useRef, useState } from "react";
import { asApiError } from "../api/errors.ts";
import { useApp } from "../app-context.tsx";
import { useWhyNot } from "../guest/guest-actions.tsx";
import { callPower, POWER, type PowerAction } from "../guest/power.ts";
import { Sheet } from "../overlays/lazy.tsx";
import { Button } from "../parts/button.tsx";
import { TextField } from "../parts/field.tsx";
import { type Shape, StateShape } from "../parts/icon.tsx";
import type { TaskOutcome } from "../store/tasks.ts";
import { t } from "../text/t.ts";
import type { GuestRow } from "./columns.ts";

interface BulkSheetProps {
  readonly action: PowerAction;
  readonly rows: readonly GuestRow[];
  readonly onDone: (failed: readonly number[]) => void;
  readonly onClose: () => void;
}

type Step =
  | { readonly kind: "waits" }
  | { readonly kind: "runs" }
  | { readonly kind: "ended"; readonly outcome: TaskOutcome; readonly text: string };

const STEP_SHAPE: Readonly<Record<TaskOutcome, Shape>> = {
  running: "busy",
  ok: "check",
  warnings: "warn",
  failed: "bad",
  unknown: "unknown",
};
const AT_ONCE = 4;

export function BulkSheet({ action, rows, onDone, onClose }: BulkSheetProps): ReactNode {
  const { api, follower } = useApp();
  const whyNot = useWhyNot();
  const [atOnce, setAtOnce] = useState(String(AT_ONCE));
  const [steps, setSteps] = useState<ReadonlyMap<number, Step>>(new Map());
  const [isStarted, setStarted] = useState(false);
  // What is skipped is settled when the sheet opens: states change while it works.
  const skipped = useRef(new Map(rows.map(({ guest }) => [guest.vmid, whyNot(action, guest)]))).current;
  const meant = rows.filter(({ guest }) => skipped.get(guest.vmid) === undefined);
  const done = [...steps.values()].filter(({ kind }) => kind === "ended").length;
  const facts = POWER[action];

  const start = async (): Promise<void> => {
    setStarted(true);
    const put = (vmid: number, step: Step): void => setSteps((map) => new Map(map).set(vmid, step));
    const queue = [...meant];
    const failed: number[] = [];
    let ended = 0;
    const toast = follower.show({
      title: t("bulk.running", { action: t(facts.label), n: meant.length }),
      outcome: "running",
      progress: { done: 0, total: meant.length },
    });
    const work = async (): Promise<void> => {
      for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
        const { guest } = row;
        put(guest.vmid, { kind: "runs" });
        try {
          const end = await follower.end(await callPower(api, action, guest));
          put(guest.vmid, { kind: "ended", outcome: end.outcome, text: end.outcome === "ok" ? "" : end.status });
          if (end.outcome !== "ok" && end.outcome !== "warnings") failed.push(guest.vmid);
        } catch (error) {
          put(guest.vmid, { kind: "ended", outcome: "failed", text: asApiError(error).message });
          failed.push(guest.vmid);
        }
        ended += 1;
        follower.change(toast, { progress: { done: ended, total: meant.length } });
      }
    };
    await Promise.all(Array.from({ length: Math.min(meant.length, limitOf(atOnce)) }, work));
    follower.change(toast, {
      outcome: failed.length === 0 ? "ok" : "failed",
      detail: failed.length === 0 ? undefined : t("bulk.failed", { n: failed.length }),
    });
    onDone(failed);
  };

  const isOver = isStarted && done === meant.length;
  return (
    <Sheet title={t("bulk.sheet-title", { action: t(facts.label), n: meant.length })} onClose={onClose}>
      <div className="sheet">
        {facts.confirm === undefined ? null : <p className="note">{t("bulk.stop-warning")}</p>}
        <ul className="act-list">
          {rows.map(({ guest, state }) => {
            const reason = skipped.get(guest.vmid);
            const step = steps.get(guest.vmid);
            return (
              <li key={guest.vmid}>
                <StepShape step={step} isSkipped={reason !== undefined} />
                <div>
                  {guest.name} <span className="mono faint">{guest.vmid}</span>
                  <div className="t2">
                    {step?.kind === "ended" && step.text !== ""
                      ? step.text
                      : (reason ??
                        (step === undefined
                          ? t("bulk.will", { state: t(`state.${state}`), action: t(facts.label) })
                          : t(facts.running, { name: guest.name })))}
                  </div>
                </div>
                <span className="t2">{reason === undefined ? guest.node : t("bulk.skipped")}</span>
              </li>
            );
          })}
        </ul>
        {isStarted ? null : (
          <div className="fields">
            <TextField label={t("bulk.at-once")} inputMode="numeric" value={atOnce} onChange={setAtOnce} />
          </div>
        )}
        <div className="sheetf">
          <Button onClick={onClose}>{t(isOver ? "action.close" : isStarted ? "bulk.hide" : "action.cancel")}</Button>
          {isOver ? null : (
            <Button
              look={facts.confirm === undefined ? "primary" : "danger"}
              isBusy={isStarted}
              onClick={() => void start()}
            >
              {isStarted
                ? t("bulk.progress", { done, total: meant.length })
                : t("bulk.go", { action: t(facts.label), n: meant.length })}
            </Button>
          )}
        </div>
      </div>
    </Sheet>
  );
}

function limitOf(text: string): number {
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? AT_ONCE : Math.min(20, Math.max(1, value));
}

function StepShape({ step, isSkipped }: { readonly step: Step | undefined; readonly isSkipped: boolean }): ReactNode {
  if (isSkipped) return <StateShape shape="unknown" label={t("bulk.skipped")} />;
  if (step === undefined || step.kind === "waits") return <StateShape shape="stopped" label={t("bulk.waits")} />;
  if (step.kind === "runs") return <StateShape shape="busy" label={t("outcome.running")} />;
  return <StateShape shape={STEP_SHAPE[step.outcome]} label={t(`outcome.${step.outcome}`)} />;
}
