import { lazy, type ReactNode, Suspense } from "react";
import { useAllowed, useInventory, useNow, useTitle } from "../app-context.tsx";
import { formatAge, formatDuration } from "../format/time.ts";
import { CrashFrame } from "../parts/crash-frame.tsx";
import { Icon, StateShape } from "../parts/icon.tsx";
import { NotFound } from "../parts/not-found.tsx";
import { Link } from "../route/navigation.tsx";
import { freshness, isNodeAway } from "../store/freshness.ts";
import { type MessageKey, t } from "../text/t.ts";

const Summary = lazy(async () => ({ default: (await import("./node-summary.tsx")).NodeSummary }));
const Guests = lazy(async () => ({ default: (await import("./node-guests.tsx")).NodeGuests }));
const Shell = lazy(async () => ({ default: (await import("./node-shell.tsx")).NodeShell }));
const Services = lazy(async () => ({ default: (await import("./node-services.tsx")).NodeServices }));
const Log = lazy(async () => ({ default: (await import("./node-log.tsx")).NodeLog }));
const Tasks = lazy(async () => ({ default: (await import("./node-tasks.tsx")).NodeTasks }));

const TABS: readonly {
  readonly id: string;
  readonly label: MessageKey;
  readonly privilege: string;
  readonly draw: (node: string) => ReactNode;
}[] = [
  { id: "summary", label: "tab.summary", privilege: "Sys.Audit", draw: (node) => <Summary node={node} /> },
  { id: "guests", label: "area.guests", privilege: "Sys.Audit", draw: (node) => <Guests node={node} /> },
  { id: "shell", label: "tab.shell", privilege: "Sys.Console", draw: (node) => <Shell node={node} /> },
  { id: "services", label: "tab.services", privilege: "Sys.Audit", draw: (node) => <Services node={node} /> },
  { id: "log", label: "tab.log", privilege: "Sys.Syslog", draw: (node) => <Log node={node} /> },
  { id: "tasks", label: "tab.tasks", privilege: "Sys.Audit", draw: (node) => <Tasks node={node} /> },
];

export function NodePage({ node: name, tab }: { readonly node: string; readonly tab: string }): ReactNode {
  useTitle(name);
  const now = useNow();
  const node = useInventory(({ nodes }) => nodes.get(name));
  const isLoaded = useInventory((inventory) => inventory.isLoaded);
  const { may } = useAllowed();
  if (node === undefined)
    return isLoaded ? <NotFound text={t("node.gone", { name })} /> : <span className="sk" style={{ height: 80 }} />;
  const isAway = isNodeAway(node, now);
  const age = now - node.at;
  const tabs = TABS.filter(({ privilege }) => may(`/nodes/${name}`, privilege));
  const shown = tabs.find(({ id }) => id === tab);
  return (
    <>
      <nav className="crumb" aria-label={t("nav.path")}>
        <Link to="/nodes">{t("area.nodes")}</Link>
        <span aria-hidden="true">/</span>
        <span>{name}</span>
      </nav>
      <div className="obj">
        <div>
          <h1>
            <StateShape shape={isAway ? "unknown" : "ok"} />
            {name}
          </h1>
          <div className="sub">
            <b className="strong" style={{ color: "var(--text)" }}>
              {t(isAway ? "node.away" : "node.online")}
            </b>
            {node.uptime === undefined || isAway ? null : (
              <span>{t("node.up", { time: formatDuration(node.uptime) })}</span>
            )}
            {isAway || freshness(age) !== "fresh" ? (
              <span className="st">
                <Icon name="clock" />
                {t("vm.known-from", { age: formatAge(age) })}
              </span>
            ) : null}
          </div>
        </div>
        {may(`/nodes/${name}`, "Sys.Console") ? (
          <div className="acts">
            <Link className="btn pri" to={`/node/${name}/shell`}>
              <Icon name="terminal" />
              {t("tab.shell")}
            </Link>
          </div>
        ) : null}
      </div>
      <nav className="tabs" aria-label={t("vm.tabs", { name })}>
        {tabs.map(({ id, label }) => (
          <Link
            key={id}
            to={id === "summary" ? `/node/${name}` : `/node/${name}/${id}`}
            aria-current={id === tab ? "page" : undefined}
          >
            {t(label)}
          </Link>
        ))}
      </nav>
      <CrashFrame key={tab}>
        <Suspense fallback={<span className="sk" style={{ height: 300, marginTop: 16 }} />}>
          {shown === undefined ? <NotFound /> : shown.draw(name)}
        </Suspense>
      </CrashFrame>
    </>
  );
}
