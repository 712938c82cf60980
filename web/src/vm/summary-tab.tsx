import { type ReactNode, useMemo } from "react";
import { useInventory, useNow, useTasks } from "../app-context.tsx";
import { bitRate, bytes, formatBytes } from "../format/bytes.ts";
import { downloadText } from "../format/download.ts";
import { formatPercent } from "../format/percent.ts";
import { formatAge } from "../format/time.ts";
import { Figure } from "../graphs/figure.tsx";
import { RangeButtons, REFRESH_MS, useRange } from "../graphs/ranges.tsx";
import { type Series, seriesCsv, seriesOf, trimStart } from "../graphs/series.ts";
import { bootText, devicesOf, memorySentence, processorSentence } from "../guest/devices.ts";
import { When } from "../parts/age.tsx";
import { Failure } from "../parts/failure.tsx";
import { StateShape } from "../parts/icon.tsx";
import { Link } from "../route/navigation.tsx";
import { OUTCOME_SHAPE } from "../shell/toasts.tsx";
import { taskLink } from "../store/task-follower.ts";
import { outcomeOf } from "../store/tasks.ts";
import { taskTitle } from "../task/task-title.ts";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { NotesCard } from "./notes-card.tsx";
import { PendingList } from "./pending-list.tsx";
import type { TabProps } from "./vm-page.tsx";

const FIELDS = ["cpu", "mem", "memhost", "netin", "netout", "diskread", "diskwrite"] as const;
const MIN_POINTS = 12;
const TASKS_SHOWN = 5;

function columns(series: Series | undefined, names: readonly (typeof FIELDS)[number][]): Series | undefined {
  if (series === undefined) return undefined;
  return { times: series.times, columns: names.map((name) => series.columns[FIELDS.indexOf(name)] ?? []) };
}

const percent = (share: number): { readonly value: string; readonly unit: string } => ({
  value: formatPercent(share),
  unit: "",
});
const byteRate = (rate: number): { readonly value: string; readonly unit: string } => {
  const { value, unit } = bytes(rate);
  return { value, unit: `${unit}/s` };
};

export function SummaryTab({ guest, state }: TabProps): ReactNode {
  const { node, vmid } = guest;
  const [range, setRange] = useRange();
  const rrd = useCall(
    "/nodes/{node}/qemu/{vmid}/rrddata",
    { node, vmid, timeframe: range, cf: "AVERAGE" },
    { everyMs: REFRESH_MS[range] },
  );
  const series = useMemo(
    () => (rrd.data === undefined ? undefined : trimStart(seriesOf(rrd.data, FIELDS), MIN_POINTS)),
    [rrd.data],
  );
  const cpu = useMemo(() => columns(series, ["cpu"]), [series]);
  const memory = useMemo(() => columns(series, ["mem", "memhost"]), [series]);
  const network = useMemo(() => columns(series, ["netin", "netout"]), [series]);
  const disk = useMemo(() => columns(series, ["diskread", "diskwrite"]), [series]);
  const isOn = state === "running";
  return (
    <div className="vm">
      <div className="stack">
        <section className="card">
          <div className="ch">
            <h2>{t("vm.load")}</h2>
            <RangeButtons range={range} onChange={setRange} />
            <span className="more hide-m">
              {t("graph.hatched")} ·{" "}
              <button
                type="button"
                className="link"
                onClick={() =>
                  series !== undefined && downloadText(`${guest.name}-${range}.csv`, seriesCsv(series, FIELDS))
                }
              >
                {t("graph.csv")}
              </button>
            </span>
          </div>
          {rrd.error === undefined ? null : (
            <div style={{ padding: "0 16px 12px" }}>
              <Failure what={t("graph.failed")} error={rrd.error} onRetry={rrd.reload} />
            </div>
          )}
          <div className="graphs">
            <Figure
              title={t("capacity.cpu")}
              series={cpu}
              lines={[{ name: t("graph.guest"), color: "--s1" }]}
              capacity={1}
              base={10}
              format={percent}
              note={t("vm.of-cores", { n: guest.cores ?? 1 })}
              current={isOn ? guest.cpu : undefined}
              isStale={state === "unknown"}
              group={`vm-${vmid}`}
            />
            <Figure
              title={t("capacity.memory")}
              series={memory}
              lines={[
                { name: t("graph.used"), color: "--s1" },
                { name: t("graph.on-host"), color: "--s2" },
              ]}
              capacity={guest.memoryTotal}
              base={1024}
              format={bytes}
              note={
                guest.memoryTotal === undefined ? undefined : t("value.of", { total: formatBytes(guest.memoryTotal) })
              }
              current={isOn ? guest.memory : undefined}
              isStale={state === "unknown"}
              group={`vm-${vmid}`}
            />
            <Figure
              title={t("graph.network")}
              series={network}
              lines={[
                { name: t("graph.in"), color: "--s1" },
                { name: t("graph.out"), color: "--s2" },
              ]}
              base={10}
              format={bitRate}
              isStale={state === "unknown"}
              group={`vm-${vmid}`}
            />
            <Figure
              title={t("graph.disk")}
              series={disk}
              lines={[
                { name: t("graph.read"), color: "--s1" },
                { name: t("graph.write"), color: "--s2" },
              ]}
              base={1024}
              format={byteRate}
              isStale={state === "unknown"}
              group={`vm-${vmid}`}
            />
          </div>
        </section>
        <div className="two">
          <LastTasks guest={guest} state={state} />
          <NotesCard guest={guest} />
        </div>
      </div>
      <div className="stack">
        <FactsCard guest={guest} state={state} />
        <ConsoleCard guest={guest} state={state} />
      </div>
    </div>
  );
}

function FactsCard({ guest, state }: TabProps): ReactNode {
  const { node, vmid } = guest;
  const config = useCall("/nodes/{node}/qemu/{vmid}/config", { node, vmid, current: 1 }, { everyMs: 30_000 });
  const current = useCall(
    "/nodes/{node}/qemu/{vmid}/status/current",
    { node, vmid },
    { everyMs: 15_000, isWanted: state === "running" },
  );
  const { data } = config;
  const devices = data === undefined ? [] : devicesOf(data);
  const lines = (kind: (typeof devices)[number]["kind"]): readonly string[] =>
    devices.filter((device) => device.kind === kind).map(({ sentence }) => sentence);
  const fact = (label: string, texts: readonly (string | undefined)[]): ReactNode => {
    const shown = texts.filter((text) => text !== undefined);
    return shown.length === 0 ? null : (
      <>
        <dt>{label}</dt>
        <dd>
          {shown.map((text) => (
            <div key={text}>{text}</div>
          ))}
        </dd>
      </>
    );
  };
  return (
    <section className="card">
      <div className="ch">
        <h2>{t("vm.guest")}</h2>
        {state === "running" && current.data?.agent === 1 ? (
          <span className="more st">
            <StateShape shape="ok" />
            {t("vm.agent-on")}
          </span>
        ) : null}
      </div>
      {config.error === undefined ? null : (
        <div style={{ padding: "0 16px 12px" }}>
          <Failure what={t("vm.config-failed")} error={config.error} onRetry={config.reload} />
        </div>
      )}
      {data === undefined ? (
        <div style={{ padding: 16 }}>
          <span className="sk" style={{ height: 140 }} />
        </div>
      ) : (
        <dl className="kv">
          {fact(t("device.processor"), [processorSentence(data)])}
          {fact(t("device.memory"), [memorySentence(data)])}
          {fact(t("device.disk"), lines("disk"))}
          {fact(t("device.cdrom"), lines("cdrom"))}
          {fact(t("device.network"), lines("network"))}
          {fact(t("option.boot"), [data.boot === undefined ? undefined : bootText(data.boot)])}
          {fact(t("vm.starts"), [data.onboot === 1 ? t("vm.starts-with-node") : t("vm.starts-by-hand")])}
          {fact(t("column.pool"), [guest.pool])}
          {state === "running" && current.data !== undefined
            ? fact(t("vm.process"), [
                t("vm.process-text", { pid: current.data.pid ?? 0, qemu: current.data["running-qemu"] ?? "" }),
              ])
            : null}
        </dl>
      )}
      {data === undefined ? null : <PendingList guest={guest} config={data} />}
    </section>
  );
}

function ConsoleCard({ guest, state }: TabProps): ReactNode {
  if (state !== "running") return null;
  return (
    <section className="card">
      <div className="ch">
        <h2>{t("tab.console")}</h2>
      </div>
      <Link className="thumb" style={{ height: 84 }} to={`/vm/${guest.vmid}/console`}>
        {t("vm.console-hint", { name: guest.name })}
        <em>{t("action.open")}</em>
      </Link>
    </section>
  );
}

function LastTasks({ guest }: TabProps): ReactNode {
  const now = useNow();
  const tasks = useTasks()
    .filter(({ id }) => id === String(guest.vmid))
    .slice(0, TASKS_SHOWN);
  const name = useInventory(({ guests }) => guests.get(guest.vmid)?.name);
  return (
    <section className="card">
      <div className="ch">
        <h2>{t("vm.last-tasks")}</h2>
        <Link className="more link" style={{ color: "var(--accent)" }} to={`/vm/${guest.vmid}/tasks`}>
          {t("activity.all")}
        </Link>
      </div>
      {tasks.length === 0 ? (
        <p className="muted" style={{ padding: "0 16px 16px" }}>
          {t("tasks.none")}
        </p>
      ) : (
        <ul className="log">
          {tasks.map((task) => {
            const outcome = outcomeOf(task);
            return (
              <li key={task.upid}>
                <StateShape shape={OUTCOME_SHAPE[outcome]} label={t(`outcome.${outcome}`)} />
                <Link className="ell" to={taskLink(task.upid)}>
                  {taskTitle(task, name)}
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
