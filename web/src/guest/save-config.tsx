/** Saves a change of a guest's configuration; what was changed by others meanwhile is refused by the digest. */
import { useCallback, useState } from "react";
import type { Parameters } from "../api/client.ts";
import { ApiError, asApiError } from "../api/errors.ts";
import { useApp } from "../app-context.tsx";
import type { GuestResource } from "../store/resources.ts";
import { t } from "../text/t.ts";

type ConfigChange = Omit<Parameters<"/nodes/{node}/qemu/{vmid}/config", "POST">, "node" | "vmid">;

export interface ConfigSaver {
  readonly error: ApiError | undefined;
  readonly isBusy: boolean;
  /** @returns whether it went well. */
  readonly save: (change: ConfigChange) => Promise<boolean>;
}

/** Long changes (a new disk) are tasks: saving waits for them. */
export function useConfigSaver({ node, vmid, name }: GuestResource): ConfigSaver {
  const { api, follower } = useApp();
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const save = useCallback(
    async (change: ConfigChange): Promise<boolean> => {
      setBusy(true);
      setError(undefined);
      try {
        const upid = await api.post("/nodes/{node}/qemu/{vmid}/config", { node, vmid, ...change });
        if (typeof upid === "string" && upid.startsWith("UPID:")) {
          const end = await follower.follow(upid, {
            running: t("config.saving", { name }),
            done: t("config.saved", { name }),
          });
          if (end.outcome !== "ok" && end.outcome !== "warnings") throw new ApiError(end.status, { status: 500 });
        }
        return true;
      } catch (failure) {
        setError(asApiError(failure));
        return false;
      } finally {
        setBusy(false);
      }
    },
    [api, follower, node, vmid, name],
  );
  return { error, isBusy, save };
}
