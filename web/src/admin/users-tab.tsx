import { type ReactNode, useState } from "react";
import { ApiError } from "../api/errors.ts";
import { useAllowed, useApp, useNow } from "../app-context.tsx";
import { formatMoment } from "../format/time.ts";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { SelectField, Switch, TextField } from "../parts/field.tsx";
import { StateShape } from "../parts/icon.tsx";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { FormSheet } from "./form-sheet.tsx";
import { useRemoval } from "./use-removal.tsx";

interface User {
  readonly userid: string;
  readonly enable?: 0 | 1;
  readonly expire?: number;
  readonly comment?: string;
  readonly email?: string;
  readonly groups?: string;
}

export function UsersTab(): ReactNode {
  const { api } = useApp();
  const { mayAnywhere } = useAllowed();
  const now = useNow(60_000);
  const users = useCall("/access/users", { full: 1 });
  const [open, setOpen] = useState<"new" | User | undefined>(undefined);
  const [remove, removal] = useRemoval(users.reload);
  const reason = mayAnywhere("/access", "User.Modify")
    ? undefined
    : t("action.needs", { privilege: "User.Modify", path: "/access" });
  const list = [...(users.data ?? [])].sort((a, b) => a.userid.localeCompare(b.userid));
  return (
    <>
      {removal}
      <section className="card">
        <div className="ch">
          <h2>{t("admin.users")}</h2>
          <span className="more">
            <Button icon="plus" whyNot={reason} onClick={() => setOpen("new")}>
              {t("admin.add-user")}
            </Button>
          </span>
        </div>
        {users.error === undefined ? null : (
          <Failure what={t("admin.read-failed")} error={users.error} onRetry={users.reload} />
        )}
        <div className="cardtable">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("column.user")}</th>
                <th scope="col">{t("column.state")}</th>
                <th scope="col" className="hide-m">
                  {t("admin.groups")}
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
              {list.map((user) => {
                const isExpired = user.expire !== undefined && user.expire > 0 && user.expire < now;
                const isOn = user.enable === 1 && !isExpired;
                return (
                  <tr key={user.userid}>
                    <td className="strong">{user.userid}</td>
                    <td>
                      <span className="st">
                        <StateShape shape={isOn ? "ok" : "stopped"} />
                        {isExpired
                          ? t("admin.expired", { when: formatMoment(user.expire ?? 0, now) })
                          : t(isOn ? "admin.enabled" : "admin.disabled")}
                      </span>
                    </td>
                    <td className="hide-m">{user.groups}</td>
                    <td className="muted hide-m">{user.comment}</td>
                    <td className="num">
                      <Button
                        look="quiet"
                        whyNot={reason}
                        aria-label={t("admin.edit-one", { name: user.userid })}
                        onClick={() => setOpen(user)}
                      >
                        {t("action.edit")}
                      </Button>
                      <Button
                        look="quiet"
                        icon="trash"
                        whyNot={reason ?? (user.userid === "root@pam" ? t("admin.root-stays") : undefined)}
                        aria-label={t("admin.remove-one", { name: user.userid })}
                        onClick={() =>
                          remove({
                            title: t("admin.remove-title", { name: user.userid }),
                            text: t("admin.remove-user-text"),
                            action: t("admin.remove-one", { name: user.userid }),
                            perform: () => api.delete("/access/users/{userid}", { userid: user.userid }),
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
      </section>
      {open === undefined ? null : (
        <UserSheet
          user={open === "new" ? undefined : open}
          onClose={() => {
            setOpen(undefined);
            users.reload();
          }}
        />
      )}
    </>
  );
}

function UserSheet({ user, onClose }: { readonly user: User | undefined; readonly onClose: () => void }): ReactNode {
  const { api } = useApp();
  const realms = useCall("/access/domains", {});
  const groups = useCall("/access/groups", {});
  const [name, setName] = useState("");
  const [realm, setRealm] = useState("pve");
  const [password, setPassword] = useState("");
  const [comment, setComment] = useState(user?.comment ?? "");
  const [email, setEmail] = useState(user?.email ?? "");
  const [group, setGroup] = useState(user?.groups ?? "");
  const [isEnabled, setEnabled] = useState(user?.enable !== 0);
  const submit = async (): Promise<void> => {
    if (user === undefined && name.trim() === "")
      throw new ApiError(t("login.no-user"), { status: 400, fields: { userid: t("login.no-user") } });
    const fields = { comment, email, groups: group, enable: isEnabled ? 1 : 0 } as const;
    if (user === undefined)
      await api.post("/access/users", {
        userid: `${name}@${realm}`,
        ...fields,
        ...(password === "" ? {} : { password }),
      });
    else {
      await api.put("/access/users/{userid}", { userid: user.userid, ...fields });
      if (password !== "") await api.put("/access/password", { userid: user.userid, password });
    }
    onClose();
  };
  const hasPassword = user === undefined ? realm === "pve" : user.userid.endsWith("@pve");
  const names = (groups.data ?? []).map(({ groupid }) => groupid);
  return (
    <FormSheet
      title={user === undefined ? t("admin.add-user") : user.userid}
      action={user === undefined ? t("admin.add-user") : t("action.save")}
      failed={t("admin.save-failed")}
      fields={["userid", "password", "comment", "email", "groups"]}
      onSubmit={submit}
      onClose={onClose}
    >
      {(errors) => (
        <>
          {user === undefined ? (
            <>
              <TextField
                label={t("login.user")}
                value={name}
                onChange={setName}
                error={errors.userid}
                autoComplete="off"
                data-autofocus
              />
              <SelectField
                label={t("login.realm")}
                value={realm}
                onChange={setRealm}
                options={(realms.data ?? []).map((one) => ({ value: one.realm, label: one.realm }))}
              />
            </>
          ) : null}
          {hasPassword ? (
            <TextField
              label={t(user === undefined ? "login.password" : "admin.new-password")}
              type="password"
              autoComplete="new-password"
              width={6}
              value={password}
              onChange={setPassword}
              error={errors.password}
            />
          ) : null}
          <SelectField
            label={t("admin.group")}
            value={group}
            onChange={setGroup}
            error={errors.groups}
            options={[
              { value: "", label: t("value.none") },
              ...(names.includes(group) || group === "" ? [] : [{ value: group, label: group }]),
              ...names.map((one) => ({ value: one, label: one })),
            ]}
          />
          <TextField label={t("admin.email")} type="email" value={email} onChange={setEmail} error={errors.email} />
          <TextField
            label={t("column.comment")}
            width={6}
            value={comment}
            onChange={setComment}
            error={errors.comment}
          />
          <Switch label={t("admin.may-sign-in")} checked={isEnabled} onChange={setEnabled} width={6} />
        </>
      )}
    </FormSheet>
  );
}
