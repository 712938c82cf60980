import type { ReactNode } from "react";
import { useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useApp } from "../app-context.tsx";
import { bootText, devicesOf, type GuestConfig } from "../guest/devices.ts";
import { Failure } from "../parts/failure.tsx";
import { StateShape } from "../parts/icon.tsx";
import type { GuestResource } from "../store/resources.ts";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { deviceChanges, type PendingChange, pendingKeys } from "./pending.ts";

const REFRESH_MS = 30_000;

interface Row {
  readonly keys: readonly string[];
  readonly label: string;
  readonly now: string | undefined;
  readonly next: string | undefined;
}

/**
 * What waits for the next start: old → new, with the way back.
 * @param config as it is now, without what waits.
 */
export function PendingList({
  guest: { node, vmid },
  config,
}: {
  readonly guest: GuestResource;
  readonly config: GuestConfig;
}): ReactNode {
  const { api } = useApp();
  const { data, reload } = useCall("/nodes/{node}/qemu/{vmid}/pending", { node, vmid }, { everyMs: REFRESH_MS });
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const rows = rowsOf(config, pendingKeys(data));
  const revert = async (keys: string): Promise<void> => {
    try {
      await api.put("/nodes/{node}/qemu/{vmid}/config", { node, vmid, revert: keys });
      setError(undefined);
      reload();
    } catch (failure) {
      setError(asApiError(failure));
    }
  };
  return (
    <>
      {error === undefined ? null : <Failure what={t("pending.revert-failed")} error={error} />}
      {rows.map(({ keys, label, now, next }) => (
        <div className="pend" key={keys.join()}>
          <StateShape shape="warn" />
          <span style={{ overflowWrap: "anywhere" }}>
            {label}: {now ?? t("pending.nothing")}
            <span className="arrow">→</span>
            {next ?? t("pending.nothing")}
            <br />
            <span className="faint">{t("pending.next-start")}</span>
          </span>
          <button type="button" className="link" onClick={() => void revert(keys.join())}>
            {t("pending.revert")}
          </button>
        </div>
      ))}
    </>
  );
}

function rowsOf(config: GuestConfig, changes: readonly PendingChange[]): readonly Row[] {
  const { changed, coming, others } = deviceChanges(config, changes);
  return [
    ...devicesOf(config).flatMap(({ key, label, sentence }): readonly Row[] => {
      const change = changed.get(key);
      return change === undefined ? [] : [{ keys: change.keys, label, now: sentence, next: change.sentence }];
    }),
    ...coming.map(({ key, label, sentence }) => ({ keys: [key], label, now: undefined, next: sentence })),
    ...others.map(({ key, current, pending }) =>
      key === "boot"
        ? {
            keys: [key],
            label: t("option.boot"),
            now: current && bootText(current),
            next: pending && bootText(pending),
          }
        : { keys: [key], label: key, now: current, next: pending },
    ),
  ];
}
