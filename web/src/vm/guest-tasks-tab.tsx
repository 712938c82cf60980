import type { ReactNode } from "react";
import { Failure } from "../parts/failure.tsx";
import { parseTasks } from "../store/tasks.ts";
import { TasksTable } from "../task/tasks-table.tsx";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import type { TabProps } from "./vm-page.tsx";

const SHOWN = 200;
const REFRESH_MS = 5_000;

export function GuestTasksTab({ guest: { node, vmid } }: TabProps): ReactNode {
  const { data, error, reload } = useCall(
    "/nodes/{node}/tasks",
    { node, vmid, limit: SHOWN, source: "all" },
    { everyMs: REFRESH_MS },
  );
  return (
    <section className="card" style={{ marginTop: 16 }}>
      {error === undefined ? null : <Failure what={t("tasks.failed")} error={error} onRetry={reload} />}
      <TasksTable tasks={data === undefined ? undefined : parseTasks(data)} />
    </section>
  );
}
