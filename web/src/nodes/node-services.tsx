import { type ReactNode, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useAllowed, useApp } from "../app-context.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { StateShape } from "../parts/icon.tsx";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";

const REFRESH_MS = 10_000;

export function NodeServices({ node }: { readonly node: string }): ReactNode {
  const { api, follower } = useApp();
  const { whyNot } = useAllowed();
  const { data, error, reload } = useCall("/nodes/{node}/services", { node }, { everyMs: REFRESH_MS });
  const [failure, setFailure] = useState<{ readonly service: string; readonly error: ApiError } | undefined>(undefined);
  const [busy, setBusy] = useState<string | undefined>(undefined);
  const reason = whyNot(`/nodes/${node}`, "Sys.Modify");
  const present = (data ?? []).filter((service) => service["unit-state"] !== "not-found");
  const restart = async (service: string): Promise<void> => {
    setBusy(service);
    try {
      const upid = await api.post("/nodes/{node}/services/{service}/restart", { node, service: service as "pveproxy" });
      await follower.follow(upid, {
        running: t("service.restarting", { service }),
        done: t("service.restarted", { service }),
      });
      setFailure(undefined);
    } catch (caught) {
      setFailure({ service, error: asApiError(caught) });
    } finally {
      setBusy(undefined);
      reload();
    }
  };
  return (
    <section className="card" style={{ marginTop: 16 }}>
      {error === undefined ? null : <Failure what={t("service.failed")} error={error} onRetry={reload} />}
      {failure === undefined ? null : (
        <Failure what={t("service.restart-failed", { service: failure.service })} error={failure.error} />
      )}
      {data === undefined ? (
        <span className="sk" style={{ height: 200 }} />
      ) : present.length === 0 ? (
        <p className="nothing">{t("service.none")}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{t("column.service")}</th>
              <th scope="col">{t("column.state")}</th>
              <th scope="col" className="hide-m">
                {t("column.what")}
              </th>
              <th scope="col" className="num">
                {t("column.actions")}
              </th>
            </tr>
          </thead>
          <tbody>
            {present.map(({ service, desc, state }) => (
              <tr key={service}>
                <td className="strong">{service}</td>
                <td>
                  <span className="st">
                    <StateShape shape={state === "running" ? "ok" : "stopped"} />
                    {state}
                  </span>
                </td>
                <td className="muted hide-m">{desc}</td>
                <td className="num">
                  <Button
                    look="quiet"
                    whyNot={reason}
                    isBusy={busy === service}
                    onClick={() => void restart(service)}
                    aria-label={t("service.restart-one", { service })}
                  >
                    {t("service.restart")}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
