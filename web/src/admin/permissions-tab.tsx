import { type ReactNode, useState } from "react";
import { useAllowed, useApp } from "../app-context.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { SelectField, Switch, TextField } from "../parts/field.tsx";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { FormSheet } from "./form-sheet.tsx";
import { useRemoval } from "./use-removal.tsx";

type HolderKind = "user" | "group" | "token";
const KINDS: readonly HolderKind[] = ["user", "group", "token"];

function holder(kind: HolderKind, id: string): Readonly<Record<string, string>> {
  return { [`${kind}s`]: id };
}

export function PermissionsTab(): ReactNode {
  const { api } = useApp();
  const { whyNot } = useAllowed();
  const acl = useCall("/access/acl", {});
  const [isOpen, setOpen] = useState(false);
  const [remove, removal] = useRemoval(acl.reload);
  const reason = whyNot("/access", "Permissions.Modify");
  const rows = [...(acl.data ?? [])].sort(
    (a, b) => a.path.localeCompare(b.path, "en", { numeric: true }) || a.ugid.localeCompare(b.ugid),
  );
  return (
    <>
      {removal}
      <section className="card">
        <div className="ch">
          <h2>{t("admin.permissions")}</h2>
          <span className="more">
            <Button icon="plus" whyNot={reason} onClick={() => setOpen(true)}>
              {t("admin.add-permission")}
            </Button>
          </span>
        </div>
        {acl.error === undefined ? null : (
          <Failure what={t("admin.read-failed")} error={acl.error} onRetry={acl.reload} />
        )}
        {acl.data?.length === 0 ? <p className="nothing">{t("admin.no-permissions")}</p> : null}
        <div className="cardtable">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("admin.path")}</th>
                <th scope="col">{t("admin.who")}</th>
                <th scope="col">{t("admin.role")}</th>
                <th scope="col" className="hide-m">
                  {t("admin.below")}
                </th>
                <th scope="col" className="num">
                  {t("column.actions")}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ path, ugid, type, roleid, propagate }) => (
                <tr key={`${path} ${type} ${ugid} ${roleid}`}>
                  <td className="mono">{path}</td>
                  <td>
                    {ugid} <span className="faint">{t(`admin.kind-${type}`)}</span>
                  </td>
                  <td>{roleid}</td>
                  <td className="hide-m">{t(propagate === 0 ? "value.no" : "value.yes")}</td>
                  <td className="num">
                    <Button
                      look="quiet"
                      icon="trash"
                      whyNot={reason}
                      aria-label={t("admin.remove-permission", { role: roleid, who: ugid, path })}
                      onClick={() =>
                        remove({
                          title: t("admin.remove-permission-title"),
                          text: t("admin.remove-permission-text", { role: roleid, who: ugid, path }),
                          action: t("admin.remove-permission", { role: roleid, who: ugid, path }),
                          perform: () =>
                            api.put("/access/acl", { path, roles: roleid, delete: 1, ...holder(type, ugid) }),
                        })
                      }
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      {isOpen ? (
        <PermissionSheet
          onClose={() => {
            setOpen(false);
            acl.reload();
          }}
        />
      ) : null}
    </>
  );
}

function PermissionSheet({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { api } = useApp();
  const roles = useCall("/access/roles", {});
  const users = useCall("/access/users", { full: 1 });
  const groups = useCall("/access/groups", {});
  const [kind, setKind] = useState<HolderKind>("user");
  const [who, setWho] = useState("");
  const [role, setRole] = useState("");
  const [path, setPath] = useState("/");
  const [isBelow, setBelow] = useState(true);
  const ids: Readonly<Record<HolderKind, readonly string[]>> = {
    user: (users.data ?? []).map(({ userid }) => userid),
    group: (groups.data ?? []).map(({ groupid }) => groupid),
    token: (users.data ?? []).flatMap(({ userid, tokens }) =>
      (tokens ?? []).map(({ tokenid }) => `${userid}!${tokenid}`),
    ),
  };
  const options = (list: readonly string[]): readonly { readonly value: string; readonly label: string }[] => [
    { value: "", label: t("value.none") },
    ...list.map((one) => ({ value: one, label: one })),
  ];
  return (
    <FormSheet
      title={t("admin.add-permission")}
      action={t("admin.add-permission")}
      failed={t("admin.save-failed")}
      fields={["path", "roles", "users", "groups", "tokens"]}
      onSubmit={async () => {
        await api.put("/access/acl", { path, roles: role, propagate: isBelow ? 1 : 0, ...holder(kind, who) });
        onClose();
      }}
      onClose={onClose}
    >
      {(errors) => (
        <>
          <TextField
            label={t("admin.path")}
            width={6}
            value={path}
            onChange={setPath}
            error={errors.path}
            help={t("admin.path-help")}
            className="mono"
            data-autofocus
          />
          <SelectField
            label={t("admin.kind")}
            value={kind}
            onChange={(value) => {
              setKind(KINDS.find((one) => one === value) ?? "user");
              setWho("");
            }}
            options={KINDS.map((one) => ({ value: one, label: t(`admin.kind-${one}`) }))}
          />
          <SelectField
            label={t("admin.who")}
            value={who}
            onChange={setWho}
            options={options(ids[kind])}
            error={errors[`${kind}s`]}
          />
          <SelectField
            label={t("admin.role")}
            width={6}
            value={role}
            onChange={setRole}
            options={options((roles.data ?? []).map(({ roleid }) => roleid))}
            error={errors.roles}
          />
          <Switch label={t("admin.below-label")} checked={isBelow} onChange={setBelow} width={6} />
        </>
      )}
    </FormSheet>
  );
}
