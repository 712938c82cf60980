import { type ReactNode, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { Confirm } from "../overlays/confirm.tsx";
import { Failure } from "../parts/failure.tsx";
import { t } from "../text/t.ts";

interface Removal {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly perform: () => Promise<unknown>;
}

/** Asks back, removes, and says where it did not work. @returns how to ask, and what to draw. */
export function useRemoval(onDone: () => void): readonly [(removal: Removal) => void, ReactNode] {
  const [asked, setAsked] = useState<Removal | undefined>(undefined);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const perform = async (removal: Removal): Promise<void> => {
    try {
      await removal.perform();
      setError(undefined);
    } catch (failure) {
      setError(asApiError(failure));
    }
    onDone();
  };
  return [
    setAsked,
    <div key="removal">
      {error === undefined ? null : <Failure what={t("admin.remove-failed")} error={error} />}
      {asked === undefined ? null : (
        <Confirm {...asked} onConfirm={() => void perform(asked)} onClose={() => setAsked(undefined)} />
      )}
    </div>,
  ];
}
