import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useAllowed, useApp, useInventory, useNow } from "../app-context.tsx";
import { formatBytes } from "../format/bytes.ts";
import { formatPercent } from "../format/percent.ts";
import { Figure } from "../graphs/figure.tsx";
import { trimStart } from "../graphs/series.ts";
import { isNodeAway } from "../store/freshness.ts";
import { t } from "../text/t.ts";
import { type ClusterLoad, clusterLoad, loadNow } from "./cluster-load.ts";

const REFRESH_MS = 60_000;
/** Asking every node of a large cluster would cost more than the picture is worth. */
const MAX_NODES = 16;
const MIN_POINTS = 30;

const percent = (share: number): { readonly value: string; readonly unit: string } => ({
  value: formatPercent(share),
  unit: "",
});

export function LoadCard(): ReactNode {
  const { api } = useApp();
  const { may } = useAllowed();
  const now = useNow(10_000);
  const nodes = useInventory((inventory) => inventory.nodes);
  const counted = [...nodes.values()]
    .filter((node) => !isNodeAway(node, now) && may(`/nodes/${node.name}`, "Sys.Audit"))
    .slice(0, MAX_NODES);
  const names = counted.map(({ name }) => name).join(" ");
  const current = loadNow(counted);
  const [rows, setRows] = useState<readonly (readonly unknown[])[] | undefined>(undefined);
  useEffect(() => {
    if (names === "") return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      const answers = await Promise.allSettled(
        names
          .split(" ")
          .map((node) =>
            api.get("/nodes/{node}/rrddata", { node, timeframe: "day", cf: "AVERAGE" }, { signal: abort.signal }),
          ),
      );
      if (abort.signal.aborted) return;
      // A node that does not answer is left out, as its row in the table says.
      setRows(answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])));
      timer = setTimeout(() => void load(), REFRESH_MS);
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [api, names]);

  const load = useMemo(() => (rows === undefined ? undefined : trimmed(clusterLoad(rows))), [rows]);
  if (names === "") return null;
  return (
    <section className="card two">
      <Figure
        title={t(nodes.size > 1 ? "overview.cpu" : "capacity.cpu")}
        series={load?.cpu}
        lines={[{ name: t("overview.cores", { n: current.cores }), color: "--s1" }]}
        capacity={1}
        base={10}
        format={percent}
        current={current.cpu}
        height={112}
        group="overview"
      />
      <Figure
        title={t("capacity.memory")}
        series={load?.memory}
        lines={[{ name: t("value.of", { total: formatBytes(current.memoryTotal) }), color: "--s3" }]}
        capacity={1}
        base={10}
        format={percent}
        current={current.memory}
        height={112}
        group="overview"
      />
    </section>
  );
}

/** A young cluster's graph begins where its figures do. */
function trimmed(load: ClusterLoad | undefined): ClusterLoad | undefined {
  if (load === undefined) return undefined;
  return { ...load, cpu: trimStart(load.cpu, MIN_POINTS), memory: trimStart(load.memory, MIN_POINTS) };
}
