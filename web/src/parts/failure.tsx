/** What failed, why, and what to do; the server's own words under "Details". */
import type { ReactNode } from "react";
import { type ApiError, failureKind } from "../api/errors.ts";
import { type MessageKey, t } from "../text/t.ts";
import { StateShape } from "./icon.tsx";

const ADVICE: Readonly<Record<ReturnType<typeof failureKind>, MessageKey | undefined>> = {
  login: "failure.login",
  permission: "failure.permission",
  parameters: "failure.parameters",
  quorum: "failure.quorum",
  "node-away": "failure.node-away",
  locked: "failure.locked",
  changed: "failure.changed",
  timeout: "failure.timeout",
  unreachable: "failure.unreachable",
  "not-built": "failure.not-built",
  other: undefined,
};

interface FailureProps {
  /** What did not work: "Cannot start web-01". */
  readonly what: string;
  readonly error: ApiError;
  readonly onRetry?: () => void;
}

export function Failure({ what, error, onRetry }: FailureProps): ReactNode {
  const advice = ADVICE[failureKind(error)];
  const fields = Object.entries(error.fields);
  return (
    <div className="fail" role="alert">
      <StateShape shape="bad" />
      <div>
        <b className="strong">{what}</b>
        <p>{advice === undefined ? error.message : t(advice)}</p>
        {onRetry === undefined ? null : (
          <button type="button" className="link" onClick={onRetry}>
            {t("action.retry")}
          </button>
        )}
        {advice === undefined && fields.length === 0 ? null : (
          <details>
            <summary>{t("failure.details")}</summary>
            <pre>
              {error.status === 0 ? "" : `${error.status} `}
              {error.message}
              {fields.map(([name, text]) => `\n${name}: ${text}`)}
            </pre>
          </details>
        )}
      </div>
    </div>
  );
}
