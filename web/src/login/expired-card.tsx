/** The login is over: sign in again over the page, so that nothing on it is lost. */
import { type FormEvent, type ReactNode, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useApp } from "../app-context.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { TextField } from "../parts/field.tsx";
import { t } from "../text/t.ts";

export function ExpiredCard({ user }: { readonly user: string }): ReactNode {
  const { session } = useApp();
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const onSubmit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    try {
      await session.signIn(user, password);
    } catch (failure) {
      setError(asApiError(failure));
      setBusy(false);
    }
  };
  return (
    <div className="expired" role="dialog" aria-modal="true" aria-labelledby="expired-title">
      <section className="card">
        <form onSubmit={(event) => void onSubmit(event)}>
          <div>
            <h2 id="expired-title">{t("expired.title")}</h2>
            <p className="muted">{t("expired.text")}</p>
          </div>
          <TextField
            label={t("login.password-of", { user })}
            type="password"
            autoComplete="current-password"
            autoFocus
            value={password}
            onChange={setPassword}
            error={error?.status === 401 ? t("login.wrong") : undefined}
          />
          {error === undefined || error.status === 401 ? null : <Failure what={t("login.failed")} error={error} />}
          <div className="row">
            <Button look="primary" type="submit" isBusy={isBusy}>
              {t("login.continue")}
            </Button>
            <Button look="quiet" onClick={() => session.signOut()}>
              {t("login.other-account")}
            </Button>
          </div>
        </form>
      </section>
    </div>
  );
}
