import { type ReactNode, useState } from "react";
import { useApp, useNow, useValue } from "../app-context.tsx";
import { formatMoment } from "../format/time.ts";
import { Dialog } from "../overlays/lazy.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { SelectField, Switch, TextField } from "../parts/field.tsx";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { FormSheet } from "./form-sheet.tsx";
import { useRemoval } from "./use-removal.tsx";

interface Secret {
  readonly id: string;
  readonly value: string;
}

export function TokensTab(): ReactNode {
  const { api } = useApp();
  const now = useNow(60_000);
  const users = useCall("/access/users", { full: 1 });
  const [isOpen, setOpen] = useState(false);
  const [secret, setSecret] = useState<Secret | undefined>(undefined);
  const [remove, removal] = useRemoval(users.reload);
  const tokens = (users.data ?? []).flatMap(({ userid, tokens: list }) =>
    (list ?? []).map((token) => ({ userid, ...token })),
  );
  return (
    <>
      {removal}
      <section className="card">
        <div className="ch">
          <h2>{t("admin.tokens")}</h2>
          <span className="more">
            <Button icon="plus" onClick={() => setOpen(true)}>
              {t("admin.add-token")}
            </Button>
          </span>
        </div>
        {users.error === undefined ? null : (
          <Failure what={t("admin.read-failed")} error={users.error} onRetry={users.reload} />
        )}
        {users.data !== undefined && tokens.length === 0 ? <p className="nothing">{t("admin.no-tokens")}</p> : null}
        {tokens.length === 0 ? null : (
          <div className="cardtable">
            <table>
              <thead>
                <tr>
                  <th scope="col">{t("admin.token")}</th>
                  <th scope="col">{t("admin.rights")}</th>
                  <th scope="col" className="hide-m">
                    {t("admin.ends")}
                  </th>
                  <th scope="col" className="hide-m">
                    {t("column.comment")}
                  </th>
                  <th scope="col" className="num">
                    {t("column.actions")}
                  </th>
                </tr>
              </thead>
              <tbody>
                {tokens.map(({ userid, tokenid, privsep, expire, comment }) => {
                  const id = `${userid}!${tokenid}`;
                  return (
                    <tr key={id}>
                      <td className="mono">{id}</td>
                      <td>{t(privsep === 0 ? "admin.rights-of-user" : "admin.rights-own")}</td>
                      <td className="hide-m">
                        {expire === undefined || expire === 0 ? t("admin.never") : formatMoment(expire, now)}
                      </td>
                      <td className="muted hide-m">{comment}</td>
                      <td className="num">
                        <Button
                          look="quiet"
                          icon="trash"
                          aria-label={t("admin.remove-one", { name: id })}
                          onClick={() =>
                            remove({
                              title: t("admin.remove-title", { name: id }),
                              text: t("admin.remove-token-text"),
                              action: t("admin.remove-token"),
                              perform: () => api.delete("/access/users/{userid}/token/{tokenid}", { userid, tokenid }),
                            })
                          }
                        />
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {isOpen ? (
        <TokenSheet
          users={(users.data ?? []).map(({ userid }) => userid)}
          onMade={(made) => {
            setOpen(false);
            setSecret(made);
            users.reload();
          }}
          onClose={() => setOpen(false)}
        />
      ) : null}
      {secret === undefined ? null : <SecretDialog secret={secret} onClose={() => setSecret(undefined)} />}
    </>
  );
}

function TokenSheet({
  users,
  onMade,
  onClose,
}: {
  readonly users: readonly string[];
  readonly onMade: (secret: Secret) => void;
  readonly onClose: () => void;
}): ReactNode {
  const { api, session } = useApp();
  const state = useValue(session.state);
  const [user, setUser] = useState(state.kind === "signed-in" ? state.login.user : (users[0] ?? ""));
  const [name, setName] = useState("");
  const [comment, setComment] = useState("");
  const [days, setDays] = useState("0");
  const [isSeparate, setSeparate] = useState(true);
  const submit = async (): Promise<void> => {
    const expire = Number(days) > 0 ? Math.floor(Date.now() / 1000) + Number(days) * 86_400 : 0;
    const made = await api.post("/access/users/{userid}/token/{tokenid}", {
      userid: user,
      tokenid: name,
      comment,
      expire,
      privsep: isSeparate ? 1 : 0,
    });
    onMade({ id: made["full-tokenid"], value: made.value });
  };
  return (
    <FormSheet
      title={t("admin.add-token")}
      action={t("admin.add-token")}
      failed={t("admin.save-failed")}
      fields={["tokenid", "comment", "expire"]}
      onSubmit={submit}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <SelectField
            label={t("login.user")}
            value={user}
            onChange={setUser}
            options={users.map((one) => ({ value: one, label: one }))}
          />
          <TextField
            label={t("admin.token-name")}
            value={name}
            onChange={setName}
            error={errors.tokenid}
            data-autofocus
          />
          <SelectField
            label={t("admin.ends")}
            value={days}
            onChange={setDays}
            error={errors.expire}
            options={["0", "30", "90", "365"].map((one) => ({
              value: one,
              label: one === "0" ? t("admin.never") : t("admin.in-days", { n: Number(one) }),
            }))}
          />
          <TextField label={t("column.comment")} value={comment} onChange={setComment} error={errors.comment} />
          <Switch
            label={t("admin.separate")}
            help={t("admin.separate-help")}
            checked={isSeparate}
            onChange={setSeparate}
            width={6}
          />
        </>
      )}
    </FormSheet>
  );
}

function SecretDialog({
  secret: { id, value },
  onClose,
}: {
  readonly secret: Secret;
  readonly onClose: () => void;
}): ReactNode {
  return (
    <Dialog title={t("admin.secret-title", { id })} onClose={onClose}>
      <div className="sheet">
        <p className="muted">{t("admin.secret-text")}</p>
        <div className="secret">{value}</div>
        <div className="sheetf">
          <Button icon="copy" onClick={() => void navigator.clipboard.writeText(value)}>
            {t("action.copy")}
          </Button>
          <Button look="primary" onClick={onClose}>
            {t("action.close")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
