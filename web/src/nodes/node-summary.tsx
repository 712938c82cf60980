import { type ReactNode, useMemo } from "react";
import { useInventory, useNow } from "../app-context.tsx";
import { bitRate, bytes, formatBytes, formatPart } from "../format/bytes.ts";
import { formatPercent } from "../format/percent.ts";
import { Figure } from "../graphs/figure.tsx";
import { RangeButtons, REFRESH_MS, useRange } from "../graphs/ranges.tsx";
import { type Series, seriesOf, trimStart } from "../graphs/series.ts";
import { Failure } from "../parts/failure.tsx";
import { Bar } from "../parts/meter.tsx";
import { isNodeAway } from "../store/freshness.ts";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";

const FIELDS = ["cpu", "iowait", "memused", "netin", "netout", "loadavg", "rootused"] as const;
const MIN_POINTS = 12;
const percent = (share: number): { readonly value: string; readonly unit: string } => ({
  value: formatPercent(share),
  unit: "",
});
const plain = (value: number): { readonly value: string; readonly unit: string } => ({
  value: String(Math.round(value * 10) / 10),
  unit: "",
});

export function NodeSummary({ node: name }: { readonly node: string }): ReactNode {
  const now = useNow();
  const node = useInventory(({ nodes }) => nodes.get(name));
  const isAway = isNodeAway(node, now);
  const [range, setRange] = useRange();
  const rrd = useCall(
    "/nodes/{node}/rrddata",
    { node: name, timeframe: range, cf: "AVERAGE" },
    { everyMs: REFRESH_MS[range], isWanted: !isAway },
  );
  const status = useCall("/nodes/{node}/status", { node: name }, { everyMs: 15_000, isWanted: !isAway });
  const series = useMemo(
    () => (rrd.data === undefined ? undefined : trimStart(seriesOf(rrd.data, FIELDS), MIN_POINTS)),
    [rrd.data],
  );
  const pick = (...names: readonly (typeof FIELDS)[number][]): Series | undefined =>
    series === undefined
      ? undefined
      : { times: series.times, columns: names.map((field) => series.columns[FIELDS.indexOf(field)] ?? []) };
  // biome-ignore lint/correctness/useExhaustiveDependencies: pick reads the series only
  const figures = useMemo(
    () => ({
      cpu: pick("cpu", "iowait"),
      load: pick("loadavg"),
      memory: pick("memused"),
      network: pick("netin", "netout"),
    }),
    [series],
  );
  const group = `node-${name}`;
  return (
    <div className="vm">
      <section className="card">
        <div className="ch">
          <h2>{t("vm.load")}</h2>
          <RangeButtons range={range} onChange={setRange} />
          <span className="more hide-m">{t("graph.hatched")}</span>
        </div>
        {rrd.error === undefined ? null : <Failure what={t("graph.failed")} error={rrd.error} onRetry={rrd.reload} />}
        <div className="graphs">
          <Figure
            title={t("capacity.cpu")}
            series={figures.cpu}
            lines={[
              { name: t("graph.used"), color: "--s1" },
              { name: t("graph.iowait"), color: "--s2" },
            ]}
            capacity={1}
            base={10}
            format={percent}
            note={t("vm.of-cores", { n: node?.cores ?? 0 })}
            current={isAway ? undefined : node?.cpu}
            isStale={isAway}
            group={group}
          />
          <Figure
            title={t("graph.load")}
            series={figures.load}
            lines={[{ name: t("graph.load-1"), color: "--s1" }]}
            base={10}
            format={plain}
            isStale={isAway}
            group={group}
          />
          <Figure
            title={t("capacity.memory")}
            series={figures.memory}
            lines={[{ name: t("graph.used"), color: "--s1" }]}
            capacity={node?.memoryTotal}
            base={1024}
            format={bytes}
            note={node?.memoryTotal === undefined ? undefined : t("value.of", { total: formatBytes(node.memoryTotal) })}
            current={isAway ? undefined : node?.memory}
            isStale={isAway}
            group={group}
          />
          <Figure
            title={t("graph.network")}
            series={figures.network}
            lines={[
              { name: t("graph.in"), color: "--s1" },
              { name: t("graph.out"), color: "--s2" },
            ]}
            base={10}
            format={bitRate}
            isStale={isAway}
            group={group}
          />
        </div>
      </section>
      <section className="card">
        <div className="ch">
          <h2>{t("node.machine")}</h2>
        </div>
        {status.error === undefined ? null : (
          <Failure what={t("node.status-failed")} error={status.error} onRetry={status.reload} />
        )}
        <Facts status={status.data} />
      </section>
    </div>
  );
}

interface StatusShape {
  readonly cpuinfo?: { readonly model?: string; readonly cpus?: number; readonly sockets?: number };
  readonly memory?: { readonly used?: number; readonly total?: number };
  readonly swap?: { readonly used?: number; readonly total?: number };
  readonly rootfs?: { readonly used?: number; readonly total?: number };
  readonly kversion?: string;
  readonly pveversion?: string;
  readonly loadavg?: readonly string[];
}

function Facts({ status }: { readonly status: unknown }): ReactNode {
  if (status === undefined) {
    return (
      <div style={{ padding: 16 }}>
        <span className="sk" style={{ height: 140 }} />
      </div>
    );
  }
  const { cpuinfo, memory, swap, rootfs, kversion, pveversion, loadavg } = status as StatusShape;
  return (
    <dl className="kv">
      <dt>{t("device.processor")}</dt>
      <dd>{t("node.cpus", { n: cpuinfo?.cpus ?? 0, model: cpuinfo?.model ?? "" })}</dd>
      <dt>{t("device.memory")}</dt>
      <Fill {...memory} />
      <dt>{t("node.swap")}</dt>
      {(swap?.total ?? 0) > 0 ? <Fill {...swap} /> : <dd>{t("value.none-word")}</dd>}
      <dt>{t("node.root")}</dt>
      <Fill {...rootfs} />
      <dt>{t("graph.load")}</dt>
      <dd>{(loadavg ?? []).join("  ")}</dd>
      <dt>{t("node.kernel")}</dt>
      <dd>{(kversion ?? "").replace(/^(\S+ \S+).*$/, "$1")}</dd>
      <dt>{t("node.version")}</dt>
      <dd title={pveversion}>{shortVersion(pveversion)}</dd>
    </dl>
  );
}

/** "pve-manager/9.2.1/543a8d17d0ab8bb3" is a release and a commit. */
function shortVersion(version = ""): string {
  const [, release, commit] = version.split("/");
  return release === undefined ? version : [release, ...(commit === undefined ? [] : [commit.slice(0, 8)])].join(", ");
}

function Fill({ used, total }: { readonly used?: number; readonly total?: number }): ReactNode {
  if (used === undefined || total === undefined || total === 0) return <dd>{t("value.none")}</dd>;
  const part = formatPart(used, total);
  return (
    <dd>
      <div style={{ marginBottom: 5 }}>{t("plan.of", part)}</div>
      <Bar share={used / total} />
    </dd>
  );
}
