import type { ReactNode } from "react";
import { useApp, useValue } from "../app-context.tsx";
import { IconButton } from "../parts/button.tsx";
import { type Shape, StateShape } from "../parts/icon.tsx";
import { Link } from "../route/navigation.tsx";
import type { TaskOutcome } from "../store/tasks.ts";
import { t } from "../text/t.ts";

export const OUTCOME_SHAPE: Readonly<Record<TaskOutcome, Shape>> = {
  running: "busy",
  ok: "check",
  warnings: "warn",
  failed: "bad",
  unknown: "unknown",
};

const SHOWN = 3;

export function Toasts(): ReactNode {
  const { follower } = useApp();
  const toasts = useValue(follower.toasts);
  const shown = toasts.slice(-SHOWN);
  const failed = toasts.filter(({ outcome }) => outcome === "failed").at(-1);
  return (
    <>
      <section className="toasts" aria-label={t("toast.region")} aria-live="polite">
        {toasts.length > SHOWN ? (
          <Link className="toast" to="/tasks">
            <span />
            <span>{t("toast.more", { n: toasts.length - SHOWN })}</span>
          </Link>
        ) : null}
        {shown.map(({ id, title, outcome, detail, link, progress }) => (
          <div key={id} className="toast">
            <StateShape shape={OUTCOME_SHAPE[outcome]} label={t(`outcome.${outcome}`)} />
            <div>
              {link === undefined ? (
                <b className="strong">{title}</b>
              ) : (
                <Link className="strong" to={link}>
                  {title}
                </Link>
              )}
              {progress === undefined ? null : <p>{t("toast.progress", progress)}</p>}
              {detail === undefined || detail === "" ? null : <p>{detail}</p>}
            </div>
            <IconButton icon="close" label={t("toast.dismiss")} onClick={() => follower.dismiss(id)} />
          </div>
        ))}
      </section>
      <div className="sr" role="alert">
        {failed === undefined ? "" : `${failed.title}. ${failed.detail ?? ""}`}
      </div>
    </>
  );
}
