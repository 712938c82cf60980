import { type ReactNode, useMemo } from "react";
import { useApp, useInventory, useNow, useTasks, useTitle, useValue } from "../app-context.tsx";
import { When } from "../parts/age.tsx";
import { Icon } from "../parts/icon.tsx";
import { Link, useSearchParam } from "../route/navigation.tsx";
import { taskLink } from "../store/task-follower.ts";
import { outcomeOf, parseTaskEvent, parseUpid } from "../store/tasks.ts";
import { t } from "../text/t.ts";
import { taskTitle } from "./task-title.ts";
import { TasksTable } from "./tasks-table.tsx";

const FILTERS = ["all", "running", "failed", "events"] as const;
const EVENTS_SHOWN = 200;

export function TasksPage(): ReactNode {
  useTitle(t("area.tasks"));
  const tasks = useTasks();
  const [show = "all"] = useSearchParam("show");
  const [text = "", setText] = useSearchParam("q");
  const nameOf = useInventory(
    ({ guests }) =>
      (id: string) =>
        guests.get(Number(id))?.name,
  );
  const shown = useMemo(() => {
    const wanted = text.toLowerCase();
    return tasks.filter((task) => {
      const outcome = outcomeOf(task);
      if (show === "running" && outcome !== "running") return false;
      if (show === "failed" && outcome !== "failed" && outcome !== "unknown" && outcome !== "warnings") return false;
      const words = `${taskTitle(task, nameOf(task.id))} ${task.type} ${task.id} ${task.node} ${task.user} ${task.status ?? ""}`;
      return words.toLowerCase().includes(wanted);
    });
  }, [tasks, show, text, nameOf]);
  const running = tasks.filter((task) => outcomeOf(task) === "running").length;
  return (
    <>
      <div className="ph">
        <h1>{t("area.tasks")}</h1>
        <span className="faint cnt">{t("tasks.count", { n: tasks.length, running })}</span>
      </div>
      <div className="views" style={{ marginBottom: 12 }}>
        <nav className="seg" aria-label={t("view.title")}>
          {FILTERS.map((name) => (
            <Link
              key={name}
              to={name === "all" ? "/tasks" : `/tasks?show=${name}`}
              aria-current={show === name ? "true" : undefined}
            >
              {t(`tasks.show-${name}`)}
            </Link>
          ))}
        </nav>
      </div>
      <section className="card">
        <div className="tb">
          <div className="filter">
            <Icon name="search" className="faint" />
            <input
              aria-label={t("tasks.filter")}
              placeholder={t("tasks.filter")}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          </div>
        </div>
        {show === "events" ? <Events text={text} /> : <TasksTable tasks={shown} />}
      </section>
    </>
  );
}

/** The cluster's log: what nodes and people did, as it is written down. */
function Events({ text }: { readonly text: string }): ReactNode {
  const entries = useValue(useApp().feed.log);
  const now = useNow(5000);
  const wanted = text.toLowerCase();
  const shown = entries
    .filter((entry) => `${entry.text} ${entry.user} ${entry.node}`.toLowerCase().includes(wanted))
    .slice(0, EVENTS_SHOWN);
  if (shown.length === 0) return <p className="nothing">{t("events.none")}</p>;
  return (
    <div className="cardtable">
      <table>
        <thead>
          <tr>
            <th scope="col">{t("column.when")}</th>
            <th scope="col">{t("column.event")}</th>
            <th scope="col" className="hide-m">
              {t("column.node")}
            </th>
            <th scope="col" className="hide-m">
              {t("column.user")}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((entry) => (
            <tr key={entry.id}>
              <td className="muted">
                <When at={entry.at} now={now} />
              </td>
              <td
                style={{ whiteSpace: "normal", overflowWrap: "anywhere" }}
                className={entry.priority <= 3 ? "bad" : ""}
              >
                <EventText text={entry.text} />
              </td>
              <td className="hide-m">{entry.node}</td>
              <td className="muted hide-m">{entry.user}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Tasks are told by what they do, and lead to their log. */
function EventText({ text }: { readonly text: string }): ReactNode {
  const event = parseTaskEvent(text);
  const facts = event === undefined ? undefined : parseUpid(event.upid);
  const name = useInventory(({ guests }) => guests.get(Number(facts?.id))?.name);
  if (event === undefined || facts === undefined) return text;
  const title = taskTitle(facts, name);
  return (
    <Link className="link" to={taskLink(event.upid)}>
      {event.status === undefined ? t("events.begins", { title }) : t("events.ends", { title, status: event.status })}
    </Link>
  );
}
