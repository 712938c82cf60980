import { type ReactNode, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useAllowed, useApp } from "../app-context.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { TextArea } from "../parts/field.tsx";
import type { GuestResource } from "../store/resources.ts";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";

export function NotesCard({ guest: { node, vmid } }: { readonly guest: GuestResource }): ReactNode {
  const { api } = useApp();
  const { may } = useAllowed();
  const config = useCall("/nodes/{node}/qemu/{vmid}/config", { node, vmid });
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const notes = config.data?.description ?? "";
  const save = async (): Promise<void> => {
    if (draft === undefined) return;
    setBusy(true);
    try {
      await api.put("/nodes/{node}/qemu/{vmid}/config", {
        node,
        vmid,
        ...(draft === "" ? { delete: "description" } : { description: draft }),
      });
      setDraft(undefined);
      setError(undefined);
      config.reload();
    } catch (failure) {
      setError(asApiError(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="card">
      <div className="ch">
        <h2>{t("notes.title")}</h2>
        {draft === undefined && may(`/vms/${vmid}`, "VM.Config.Options") && config.data !== undefined ? (
          <button
            type="button"
            className="more link"
            style={{ color: "var(--accent)" }}
            onClick={() => setDraft(notes)}
          >
            {t("action.edit")}
          </button>
        ) : null}
      </div>
      <div style={{ padding: "0 16px 16px" }}>
        {error === undefined ? null : <Failure what={t("notes.failed")} error={error} />}
        {draft === undefined ? (
          <p className={notes === "" ? "muted" : ""} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {notes === "" ? t("notes.none") : notes.trimEnd()}
          </p>
        ) : (
          <div className="fields">
            <TextArea label={t("notes.title")} value={draft} onChange={setDraft} width={6} rows={5} autoFocus />
            <div className="row wide">
              <Button look="primary" isBusy={isBusy} onClick={() => void save()}>
                {t("action.save")}
              </Button>
              <Button look="quiet" onClick={() => setDraft(undefined)}>
                {t("action.cancel")}
              </Button>
            </div>
          </div>
        )}
      </div>
    </section>
  );
}
