import type { ReactNode } from "react";
import { type Shape, StateShape } from "../parts/icon.tsx";
import type { GuestState } from "../store/freshness.ts";
import type { GuestResource } from "../store/resources.ts";
import { t } from "../text/t.ts";

export const STATE_SHAPE: Readonly<Record<GuestState, Shape>> = {
  running: "ok",
  stopped: "stopped",
  paused: "paused",
  busy: "busy",
  error: "bad",
  unknown: "unknown",
};

/** Shape and word together; busy guests tell with what. */
export function StateWord({ guest, state }: { readonly guest: GuestResource; readonly state: GuestState }): ReactNode {
  return (
    <span className="st">
      <StateShape shape={STATE_SHAPE[state]} />
      {state === "busy" && guest.lock !== undefined ? t("state.lock", { lock: guest.lock }) : t(`state.${state}`)}
    </span>
  );
}
