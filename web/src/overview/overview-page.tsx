import type { ReactNode } from "react";
import { useAllowed, useInventory, useNow, useTasks, useTitle } from "../app-context.tsx";
import { formatAge } from "../format/time.ts";
import { NodesTable } from "../nodes/nodes-table.tsx";
import { Ago, When } from "../parts/age.tsx";
import { StateShape } from "../parts/icon.tsx";
import { Link } from "../route/navigation.tsx";
import { OUTCOME_SHAPE } from "../shell/toasts.tsx";
import { guestState, isNodeAway } from "../store/freshness.ts";
import { taskLink } from "../store/task-follower.ts";
import { isConsole, outcomeOf } from "../store/tasks.ts";
import { taskTitle } from "../task/task-title.ts";
import { t } from "../text/t.ts";
import { T } from "../text/text.tsx";
import { useVerdict } from "../verdict/use-verdict.ts";
import type { Finding, Verdict } from "../verdict/verdict.ts";
import { Capacity } from "./capacity.tsx";
import { LoadCard } from "./load-card.tsx";
import { QuorumRing } from "./quorum-ring.tsx";

const TASKS_SHOWN = 6;

export function OverviewPage(): ReactNode {
  const verdict = useVerdict();
  const nodes = useInventory((inventory) => inventory.nodes);
  useTitle(t("area.overview"));
  return (
    <>
      <VerdictCard verdict={verdict} />
      <div className="cols">
        <div className="stack">
          {nodes.size === 0 ? null : (
            <section className="card o3">
              <div className="ch">
                <h2>{t("area.nodes")}</h2>
                <FeedWord />
              </div>
              <NodesTable />
            </section>
          )}
          <LoadCard />
          <LatestTasks />
        </div>
        <div className="stack">
          <Attention findings={verdict.findings} />
          <Capacity />
        </div>
      </div>
    </>
  );
}

function FeedWord(): ReactNode {
  const now = useNow();
  const oldest = useInventory(({ nodes }) =>
    Math.min(...[...nodes.values()].filter((node) => !isNodeAway(node, now)).map(({ at }) => at)),
  );
  const age = now - oldest;
  if (!Number.isFinite(age)) return null;
  return <span className="more">{age < 20 ? t("feed.live") : t("value.ago", { age: formatAge(age) })}</span>;
}

function VerdictCard({ verdict }: { readonly verdict: Verdict }): ReactNode {
  const now = useNow(5000);
  const { may, mayAnywhere } = useAllowed();
  const counts = useInventory((inventory) => {
    const list = [...inventory.guests.values()].filter(({ isTemplate }) => !isTemplate);
    const states = list.map((guest) => guestState(guest, inventory, now));
    return {
      running: states.filter((state) => state === "running").length,
      stopped: states.filter((state) => state === "stopped").length,
      unknown: states.filter((state) => state === "unknown").length,
      all: list.length,
    };
  });
  const [first] = verdict.findings;
  return (
    <section className="card verdict">
      <QuorumRing {...verdict.votes} />
      <div className="vb">
        <h1>{t(verdict.headline)}</h1>
        <p>
          <T k={verdict.sentence.key} {...verdict.sentence.values} />
        </p>
        <div className="row">
          {first === undefined ? null : (
            <Link className="btn pri" to={first.link.to}>
              {t(first.link.key, first.link.values)}
            </Link>
          )}
          {counts.all === 0 && mayAnywhere("/vms", "VM.Allocate") ? (
            <Link className="btn pri" to="/vm/new">
              {t("create.open")}
            </Link>
          ) : null}
          {counts.all > 0 && may("/", "Sys.Audit") ? (
            <Link className="btn" to="/tasks">
              {t("overview.what-happened")}
            </Link>
          ) : null}
        </div>
      </div>
      <div className="facts hide-m">
        <div>
          <b>
            {counts.running}
            <small>/{counts.all}</small>
          </b>
          <span>{t("overview.running")}</span>
        </div>
        <div>
          <b>{counts.stopped}</b>
          <span>{t("overview.stopped")}</span>
        </div>
        {counts.unknown > 0 ? (
          <div>
            <b className="faint">{counts.unknown}</b>
            <span>{t("overview.unknown")}</span>
          </div>
        ) : null}
      </div>
    </section>
  );
}

function Attention({ findings }: { readonly findings: readonly Finding[] }): ReactNode {
  return (
    <section className="card o1">
      <div className="ch">
        <h2>{t("overview.attention")}</h2>
        <span className="more">{findings.length}</span>
      </div>
      {findings.length === 0 ? (
        <p className="muted" style={{ padding: "0 16px 16px" }}>
          {t("overview.nothing")}
        </p>
      ) : (
        <ul className="att">
          {findings.map(({ level, title, text, link, since }) => (
            <li key={`${title.key}${JSON.stringify(title.values)}`}>
              <StateShape shape={level} label={t(`level.${level}`)} />
              <div>
                <div className="hstack">
                  <b>{t(title.key, title.values)}</b>
                  {since === undefined ? null : (
                    <span className="faint" style={{ marginLeft: "auto", whiteSpace: "nowrap" }}>
                      <Ago at={since} />
                    </span>
                  )}
                </div>
                <p style={{ overflowWrap: "anywhere" }}>{t(text.key, text.values)}</p>
                <div className="act">
                  <Link className="link" to={link.to}>
                    {t(link.key, link.values)}
                  </Link>
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function LatestTasks(): ReactNode {
  const tasks = useTasks()
    .filter((task) => !isConsole(task))
    .slice(0, TASKS_SHOWN);
  const now = useNow();
  const nameOf = useInventory(
    ({ guests }) =>
      (id: string) =>
        guests.get(Number(id))?.name,
  );
  return (
    <section className="card">
      <div className="ch">
        <h2>{t("activity.title")}</h2>
        <Link className="more link" to="/tasks" style={{ color: "var(--accent)" }}>
          {t("activity.all")}
        </Link>
      </div>
      {tasks.length === 0 ? (
        <p className="muted" style={{ padding: "0 16px 16px" }}>
          {t("tasks.none")}
        </p>
      ) : (
        <ul className={tasks.length > 3 ? "log duo" : "log"}>
          {tasks.map((task) => {
            const outcome = outcomeOf(task);
            return (
              <li key={task.upid}>
                <StateShape shape={OUTCOME_SHAPE[outcome]} label={t(`outcome.${outcome}`)} />
                <Link className="ell" to={taskLink(task.upid)}>
                  {taskTitle(task, nameOf(task.id))}
                </Link>
                <span className="t">
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
      )}
    </section>
  );
}
