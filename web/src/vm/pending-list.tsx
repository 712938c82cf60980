import type { ReactNode } from "react";
import { useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useApp } from "../app-context.tsx";
import { Failure } from "../parts/failure.tsx";
import { StateShape } from "../parts/icon.tsx";
import type { GuestResource } from "../store/resources.ts";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { pendingKeys } from "./pending.ts";

const REFRESH_MS = 30_000;

/** What waits for the next start: old → new, with the way back. */
export function PendingList({ guest: { node, vmid } }: { readonly guest: GuestResource }): ReactNode {
  const { api } = useApp();
  const { data, reload } = useCall("/nodes/{node}/qemu/{vmid}/pending", { node, vmid }, { everyMs: REFRESH_MS });
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const changes = pendingKeys(data);
  const revert = async (key: string): Promise<void> => {
    try {
      await api.put("/nodes/{node}/qemu/{vmid}/config", { node, vmid, revert: key });
      setError(undefined);
      reload();
    } catch (failure) {
      setError(asApiError(failure));
    }
  };
  return (
    <>
      {error === undefined ? null : <Failure what={t("pending.revert-failed")} error={error} />}
      {changes.map(({ key, current, pending }) => (
        <div className="pend" key={key}>
          <StateShape shape="warn" />
          <span style={{ overflowWrap: "anywhere" }}>
            {key}: {current ?? t("pending.nothing")}
            <span className="arrow">→</span>
            {pending ?? t("pending.nothing")}
            <br />
            <span className="faint">{t("pending.next-start")}</span>
          </span>
          <button type="button" className="link" onClick={() => void revert(key)}>
            {t("pending.revert")}
          </button>
        </div>
      ))}
    </>
  );
}
