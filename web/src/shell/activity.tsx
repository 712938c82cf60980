import type { ReactNode } from "react";
import { useInventory, useNow, useTasks } from "../app-context.tsx";
import { formatAge } from "../format/time.ts";
import { Sheet } from "../overlays/lazy.tsx";
import { When } from "../parts/age.tsx";
import { StateShape } from "../parts/icon.tsx";
import { Link } from "../route/navigation.tsx";
import { taskLink } from "../store/task-follower.ts";
import { outcomeOf, type Task } from "../store/tasks.ts";
import { taskTitle } from "../task/task-title.ts";
import { t } from "../text/t.ts";
import { OUTCOME_SHAPE } from "./toasts.tsx";

const SHOWN = 30;

export function ActivityDrawer({ onClose }: { readonly onClose: () => void }): ReactNode {
  const tasks = useTasks();
  const now = useNow();
  const running = tasks.filter((task) => outcomeOf(task) === "running");
  const ended = tasks.filter((task) => outcomeOf(task) !== "running").slice(0, SHOWN);
  return (
    <Sheet title={t("activity.title")} onClose={onClose}>
      <div className="sheet">
        {running.length === 0 ? (
          <p className="muted">{t("activity.none")}</p>
        ) : (
          <TaskItems tasks={running} now={now} onOpen={onClose} />
        )}
        {ended.length === 0 ? null : (
          <section>
            <h2 className="muted">{t("activity.ended")}</h2>
            <TaskItems tasks={ended} now={now} onOpen={onClose} />
          </section>
        )}
        <div className="sheetf">
          <Link className="btn" to="/tasks" onClick={onClose}>
            {t("activity.all")}
          </Link>
        </div>
      </div>
    </Sheet>
  );
}

function TaskItems({
  tasks,
  now,
  onOpen,
}: {
  readonly tasks: readonly Task[];
  readonly now: number;
  readonly onOpen: () => void;
}): ReactNode {
  const nameOf = useInventory(
    ({ guests }) =>
      (id: string) =>
        guests.get(Number(id))?.name,
  );
  return (
    <ul className="act-list">
      {tasks.map((task) => {
        const outcome = outcomeOf(task);
        return (
          <li key={task.upid}>
            <StateShape shape={OUTCOME_SHAPE[outcome]} label={t(`outcome.${outcome}`)} />
            <div>
              <Link to={taskLink(task.upid)} onClick={onOpen}>
                {taskTitle(task, nameOf(task.id))}
              </Link>
              <div className="t2">
                {t("activity.by", { user: task.user, node: task.node })}
                {outcome === "failed" ? <div className="bad">{task.status}</div> : null}
              </div>
            </div>
            <span className="t2">
              {outcome === "running" ? (
                formatAge(now - task.startedAt)
              ) : (
                <When at={task.endedAt ?? task.startedAt} now={now} />
              )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
