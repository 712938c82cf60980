import { useMemo } from "react";
import { useApp, useNow, useTasks, useValue } from "../app-context.tsx";
import { useCall } from "../use-call.ts";
import { type Quorum, type Verdict, verdictOf } from "./verdict.ts";

const LOOK_EVERY_MS = 5_000;
const ASK_QUORUM_EVERY_MS = 30_000;

export function useVerdict(): Verdict {
  const { feed } = useApp();
  const inventory = useValue(feed.inventory);
  const tasks = useTasks();
  const now = useNow(LOOK_EVERY_MS);
  // A node that is alone has no quorum to lose.
  const isCluster = inventory.nodes.size > 1;
  const status = useCall("/cluster/status", {}, { everyMs: ASK_QUORUM_EVERY_MS, isWanted: isCluster });
  const quorum = useMemo(() => quorumOf(status.data), [status.data]);
  return useMemo(() => verdictOf({ inventory, tasks, quorum, now }), [inventory, tasks, quorum, now]);
}

function quorumOf(rows: readonly unknown[] | undefined): Quorum | undefined {
  const cluster = rows?.find((row) => (row as { type?: unknown }).type === "cluster");
  if (cluster === undefined) return undefined;
  const { quorate, nodes } = cluster as { quorate?: unknown; nodes?: unknown };
  return { isQuorate: quorate === 1, expectedVotes: Number(nodes ?? 1) };
}
