import type { ReactNode } from "react";
import { useInventory, useNow } from "../app-context.tsx";
import { formatDuration } from "../format/time.ts";
import { When } from "../parts/age.tsx";
import { StateShape } from "../parts/icon.tsx";
import { Link } from "../route/navigation.tsx";
import { OUTCOME_SHAPE } from "../shell/toasts.tsx";
import { taskLink } from "../store/task-follower.ts";
import { outcomeOf, type Task } from "../store/tasks.ts";
import { t } from "../text/t.ts";
import { taskTitle } from "./task-title.ts";

/** @param tasks undefined while they are not known */
export function TasksTable({ tasks }: { readonly tasks: readonly Task[] | undefined }): ReactNode {
  const now = useNow();
  const nameOf = useInventory(
    ({ guests }) =>
      (id: string) =>
        guests.get(Number(id))?.name,
  );
  if (tasks === undefined) return <span className="sk" style={{ height: 200, margin: 16 }} />;
  if (tasks.length === 0) return <p className="nothing">{t("tasks.none")}</p>;
  return (
    <div className="cardtable">
      <table>
        <thead>
          <tr>
            <th scope="col">{t("column.task")}</th>
            <th scope="col" className="hide-m">
              {t("column.node")}
            </th>
            <th scope="col" className="hide-m">
              {t("column.user")}
            </th>
            <th scope="col" className="num">
              {t("column.started")}
            </th>
            <th scope="col" className="num hide-m">
              {t("column.duration")}
            </th>
            <th scope="col">{t("column.result")}</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => {
            const outcome = outcomeOf(task);
            return (
              <tr key={task.upid}>
                <td>
                  <span className="st">
                    <StateShape shape={OUTCOME_SHAPE[outcome]} label={t(`outcome.${outcome}`)} />
                    <Link className="strong" to={taskLink(task.upid)}>
                      {taskTitle(task, nameOf(task.id))}
                    </Link>
                  </span>
                </td>
                <td className="hide-m">{task.node}</td>
                <td className="muted hide-m">{task.user}</td>
                <td className="num muted">
                  <When at={task.startedAt} now={now} />
                </td>
                <td className="num muted hide-m">{formatDuration((task.endedAt ?? now) - task.startedAt)}</td>
                <td className="result">
                  <div className={`ell${outcome === "failed" ? " bad" : " muted"}`} title={task.status}>
                    {outcome === "ok"
                      ? t("outcome.ok")
                      : outcome === "running"
                        ? t("outcome.running")
                        : (task.status ?? t("outcome.unknown"))}
                  </div>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
