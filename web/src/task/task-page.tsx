import { type ReactNode, useEffect, useRef, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useAllowed, useApp, useInventory, useNow, useTasks, useTitle } from "../app-context.tsx";
import { formatDuration, formatExact } from "../format/time.ts";
import { Confirm } from "../overlays/confirm.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { StateShape } from "../parts/icon.tsx";
import { NotFound } from "../parts/not-found.tsx";
import { Link } from "../route/navigation.tsx";
import { OUTCOME_SHAPE } from "../shell/toasts.tsx";
import { outcomeOfStatus, parseUpid, type TaskOutcome } from "../store/tasks.ts";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { taskTitle } from "./task-title.ts";
import { useTaskLog } from "./use-task-log.ts";

const REFRESH_MS = 1_500;

export function TaskPage({ upid }: { readonly upid: string }): ReactNode {
  const facts = parseUpid(upid);
  return facts === undefined ? <NotFound text={t("task-page.no-upid")} /> : <KnownTask upid={upid} facts={facts} />;
}

function KnownTask({
  upid,
  facts,
}: {
  readonly upid: string;
  readonly facts: NonNullable<ReturnType<typeof parseUpid>>;
}): ReactNode {
  const { api } = useApp();
  const { node, type, id, user, startedAt } = facts;
  const now = useNow();
  const { may } = useAllowed();
  const guest = useInventory(({ guests }) => guests.get(Number(id)));
  const endedAt = useTasks().find((task) => task.upid === upid)?.endedAt;
  const [isOver, setOver] = useState(false);
  const status = useCall("/nodes/{node}/tasks/{upid}/status", { node, upid }, isOver ? {} : { everyMs: REFRESH_MS });
  const log = useTaskLog(node, upid, isOver);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [isAsking, setAsking] = useState(false);
  const title = taskTitle({ type, id }, guest?.name);
  useTitle(title);

  const outcome: TaskOutcome =
    status.data === undefined || status.data.status === "running" ? "running" : outcomeOfStatus(status.data.exitstatus);
  useEffect(() => {
    if (status.data?.status === "stopped") setOver(true);
  }, [status.data]);
  const firstError = log.lines.findIndex((line) => /^TASK ERROR|^ERROR|error:/i.test(line));
  const stop = async (): Promise<void> => {
    try {
      await api.delete("/nodes/{node}/tasks/{upid}", { node, upid });
      setError(undefined);
    } catch (failure) {
      setError(asApiError(failure));
    }
  };
  return (
    <>
      <nav className="crumb" aria-label={t("nav.path")}>
        <Link to="/tasks">{t("area.tasks")}</Link>
        <span aria-hidden="true">/</span>
        <span>{type}</span>
      </nav>
      <div className="obj">
        <div>
          <h1>
            <StateShape shape={OUTCOME_SHAPE[outcome]} />
            {title}
          </h1>
          <div className="sub">
            <b className={outcome === "failed" ? "strong bad" : "strong"}>
              {outcome === "failed" ? status.data?.exitstatus : t(`outcome.${outcome}`)}
            </b>
            <span>{t("task-page.by", { user, node })}</span>
            <span title={formatExact(startedAt)}>
              {outcome === "running"
                ? t("task-page.since", { time: formatDuration(now - startedAt) })
                : t("task-page.started", { time: formatExact(startedAt) })}
            </span>
            {endedAt === undefined ? null : (
              <span>{t("task-page.took", { time: formatDuration(endedAt - startedAt) })}</span>
            )}
            {guest === undefined ? null : (
              <Link className="link" to={`/vm/${guest.vmid}`}>
                {guest.name}
              </Link>
            )}
          </div>
        </div>
        <div className="acts" data-actions>
          {outcome === "running" ? (
            <Button
              icon="close"
              onClick={() => setAsking(true)}
              whyNot={may(`/nodes/${node}`, "Sys.Modify") ? undefined : t("task-page.may-own")}
            >
              {t("task-page.stop")}
            </Button>
          ) : null}
          <Button icon="copy" onClick={() => void navigator.clipboard.writeText(log.lines.join("\n"))}>
            {t("task-page.copy")}
          </Button>
        </div>
      </div>
      {error === undefined ? null : <Failure what={t("task-page.stop-failed")} error={error} />}
      {status.error !== undefined && status.error.status !== 0 ? (
        <Failure what={t("task-page.failed")} error={status.error} onRetry={status.reload} />
      ) : null}
      {firstError >= 0 && outcome === "failed" ? (
        <div className="fail" style={{ marginBottom: 12 }}>
          <StateShape shape="bad" />
          <div>
            <b className="strong">{t("task-page.first-error", { n: firstError + 1 })}</b>
            <p className="mono">{log.lines[firstError]}</p>
          </div>
        </div>
      ) : null}
      <LogCard lines={log.lines} isRunning={outcome === "running"} error={log.error} />
      {isAsking ? (
        <Confirm
          title={t("task-page.stop-title")}
          text={t("task-page.stop-text")}
          action={t("task-page.stop")}
          onConfirm={() => void stop()}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}

function LogCard({
  lines,
  isRunning,
  error,
}: {
  readonly lines: readonly string[];
  readonly isRunning: boolean;
  readonly error: ApiError | undefined;
}): ReactNode {
  const box = useRef<HTMLPreElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what there is to follow
  useEffect(() => {
    if (isFollowing && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length, isFollowing]);
  return (
    <section className="card">
      <div className="ch">
        <h2>{t("task-page.log")}</h2>
        <span className="more">
          {isRunning ? (
            <button
              type="button"
              className="link"
              aria-pressed={isFollowing}
              onClick={() => setFollowing(!isFollowing)}
            >
              {t(isFollowing ? "task-page.following" : "task-page.follow")}
            </button>
          ) : (
            t("task-page.lines", { n: lines.length })
          )}
        </span>
      </div>
      {error === undefined ? null : <Failure what={t("task-page.log-failed")} error={error} />}
      <pre
        className="logview"
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the log scrolls, so the keyboard has to reach it
        tabIndex={0}
        role="log"
        aria-label={t("task-page.log")}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
          setFollowing(scrollTop + clientHeight >= scrollHeight - 8)
        }
      >
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of a log never move
          <div key={index} className={toneOf(line)}>
            {line === "" ? "\u00a0" : line}
          </div>
        ))}
      </pre>
    </section>
  );
}

function toneOf(line: string): string {
  if (/^TASK ERROR|^ERROR|\berror\b/i.test(line)) return "bad";
  if (/^TASK WARNINGS|^WARN/i.test(line)) return "warn";
  return line === "TASK OK" ? "good" : "";
}
