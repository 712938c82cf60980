/** A task's log, followed while the task runs: only lines that are new are fetched. */
import { useEffect, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useApp } from "../app-context.tsx";

export interface TaskLog {
  readonly lines: readonly string[];
  readonly error: ApiError | undefined;
}

const EVERY_MS = 1_000;
const PER_CALL = 2_000;

export function useTaskLog(node: string, upid: string, isOver: boolean): TaskLog {
  const { api } = useApp();
  const [log, setLog] = useState<TaskLog>({ lines: [], error: undefined });
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let known: readonly string[] = [];
    const load = async (): Promise<void> => {
      let wasFull = false;
      try {
        // The last known line is fetched again: an empty log has a line that says so.
        const start = Math.max(0, known.length - 1);
        const rows = await api.get(
          "/nodes/{node}/tasks/{upid}/log",
          { node, upid, start, limit: PER_CALL },
          { signal: abort.signal },
        );
        if (abort.signal.aborted) return;
        const fresh = rows.map((row) => String((row as { t?: unknown }).t ?? ""));
        known = [...known.slice(0, start), ...fresh];
        wasFull = fresh.length === PER_CALL;
        setLog({ lines: known, error: undefined });
      } catch (error) {
        if (abort.signal.aborted) return;
        setLog({ lines: known, error: asApiError(error) });
      }
      if (wasFull) void load();
      else if (!isOver) timer = setTimeout(() => void load(), EVERY_MS);
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [api, node, upid, isOver]);
  return log;
}
