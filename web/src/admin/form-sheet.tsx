/** A side sheet with a form that calls the API: errors of parameters at their fields, all else below. */
import { type FormEvent, type ReactNode, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { Sheet } from "../overlays/lazy.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { t } from "../text/t.ts";

interface FormSheetProps {
  readonly title: string;
  readonly action: string;
  readonly failed: string;
  readonly fields: readonly string[];
  readonly onSubmit: () => Promise<void>;
  readonly onClose: () => void;
  readonly children: (errors: Readonly<Record<string, string>>) => ReactNode;
}

export function FormSheet({ title, action, failed, fields, onSubmit, onClose, children }: FormSheetProps): ReactNode {
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError(undefined);
    try {
      await onSubmit();
    } catch (failure) {
      setError(asApiError(failure));
    }
    setBusy(false);
  };
  const names = Object.keys(error?.fields ?? {});
  const isShown = names.length > 0 && names.every((name) => fields.includes(name));
  return (
    <Sheet title={title} onClose={onClose}>
      <form className="sheet" noValidate onSubmit={(event) => void submit(event)}>
        <div className="fields">{children(error?.fields ?? {})}</div>
        {error === undefined || isShown ? null : <Failure what={failed} error={error} />}
        <div className="sheetf">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button look="primary" type="submit" isBusy={isBusy}>
            {isBusy ? t("action.saving") : action}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
