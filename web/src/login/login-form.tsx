import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { SecondFactorError } from "../api/session.ts";
import { useApp, useValue } from "../app-context.tsx";
import { Button, IconButton } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { SelectField, TextField } from "../parts/field.tsx";
import { t } from "../text/t.ts";

interface Realm {
  readonly realm: string;
  readonly comment: string | undefined;
  readonly isDefault: boolean;
}

type Trouble =
  | { readonly kind: "empty"; readonly field: "username" | "password" }
  | { readonly kind: "wrong" }
  | { readonly kind: "second-factor" }
  | { readonly kind: "error"; readonly error: ApiError };

export function LoginForm(): ReactNode {
  const { api, session, preferences } = useApp();
  const remembered = useValue(preferences.realm);
  const [realms, setRealms] = useState<readonly Realm[]>([]);
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [isShown, setShown] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);

  useEffect(() => {
    const abort = new AbortController();
    api.get("/access/domains", {}, { signal: abort.signal }).then(
      (rows) => setRealms(rows.map((row) => parseRealm(row))),
      (error: unknown) => {
        if (!abort.signal.aborted) setTrouble({ kind: "error", error: asApiError(error) });
      },
    );
    return () => abort.abort();
  }, [api]);

  // `name@realm` typed whole needs no list.
  const typed = /^(.+)@([\w.-]+)$/.exec(name);
  const fallback =
    realms.find(({ realm }) => realm === remembered) ?? realms.find(({ isDefault }) => isDefault) ?? realms[0];
  const realm = typed?.[2] ?? chosen ?? fallback?.realm ?? "pam";

  const onSubmit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    const field = name.trim() === "" ? "username" : password === "" ? "password" : undefined;
    if (field !== undefined) {
      setTrouble({ kind: "empty", field });
      event.currentTarget.querySelector<HTMLInputElement>(`[name="${field}"]`)?.focus();
      return;
    }
    setBusy(true);
    setTrouble(undefined);
    try {
      preferences.realm.set(realm);
      await session.signIn(`${typed?.[1] ?? name}@${realm}`, password);
    } catch (error) {
      setBusy(false);
      if (error instanceof SecondFactorError) setTrouble({ kind: "second-factor" });
      else {
        const failure = asApiError(error);
        const asksMore = /second factor|TFA/i.test(failure.message);
        setTrouble(
          asksMore
            ? { kind: "second-factor" }
            : failure.status === 401
              ? { kind: "wrong" }
              : { kind: "error", error: failure },
        );
      }
    }
  };

  if (trouble?.kind === "second-factor") {
    return (
      <form className="two-step" onSubmit={(event) => event.preventDefault()}>
        <div>
          <h1>{t("login.second-title")}</h1>
          <p className="muted" style={{ fontSize: 14, marginTop: 4 }}>
            {t("login.second-text", { user: `${typed?.[1] ?? name}@${realm}` })}
          </p>
        </div>
        <div className="note" role="alert">
          {t("login.second-missing")}
        </div>
        <Button look="primary" onClick={() => setTrouble(undefined)}>
          {t("login.other-account")}
        </Button>
      </form>
    );
  }
  return (
    <form onSubmit={(event) => void onSubmit(event)} noValidate>
      <div>
        <h1>{t("login.title")}</h1>
        <p className="muted" style={{ fontSize: 14, marginTop: 4 }}>
          {t("login.to", { host: location.hostname })}
        </p>
      </div>
      <TextField
        label={t("login.user")}
        value={name}
        onChange={setName}
        autoComplete="username"
        autoCapitalize="off"
        spellCheck={false}
        required
        autoFocus
        name="username"
        error={trouble?.kind === "empty" && trouble.field === "username" ? t("login.no-user") : undefined}
      />
      <TextField
        label={t("login.password")}
        type={isShown ? "text" : "password"}
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        name="password"
        required
        error={
          trouble?.kind === "wrong"
            ? t("login.wrong")
            : trouble?.kind === "empty" && trouble.field === "password"
              ? t("login.no-password")
              : undefined
        }
        after={
          <IconButton
            icon="eye"
            label={t(isShown ? "login.hide" : "login.show")}
            aria-pressed={isShown}
            style={{ marginRight: -8 }}
            onClick={() => setShown(!isShown)}
          />
        }
      />
      <SelectField
        label={t("login.realm")}
        value={realm}
        onChange={setChosen}
        disabled={typed !== null}
        options={(realms.length > 0 ? realms : [{ realm, comment: undefined }]).map((one) => ({
          value: one.realm,
          label: one.comment === undefined ? one.realm : `${one.comment} (${one.realm})`,
        }))}
      />
      <Button look="primary" type="submit" isBusy={isBusy}>
        {t(isBusy ? "login.busy" : "login.continue")}
      </Button>
      {trouble?.kind === "error" ? <Failure what={t("login.failed")} error={trouble.error} /> : null}
    </form>
  );
}

function parseRealm(row: unknown): Realm {
  const { realm, comment, default: isDefault } = row as Readonly<Record<string, unknown>>;
  return {
    realm: String(realm),
    comment: typeof comment === "string" ? comment : undefined,
    isDefault: isDefault === 1,
  };
}
