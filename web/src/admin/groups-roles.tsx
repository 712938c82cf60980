import { type ReactNode, useState } from "react";
import { useAllowed, useApp } from "../app-context.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { TextField } from "../parts/field.tsx";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { FormSheet } from "./form-sheet.tsx";
import { useRemoval } from "./use-removal.tsx";

export function GroupsTab(): ReactNode {
  const { api } = useApp();
  const { whyNot } = useAllowed();
  const groups = useCall("/access/groups", {});
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState("");
  const [comment, setComment] = useState("");
  const [remove, removal] = useRemoval(groups.reload);
  const reason = whyNot("/access/groups", "Group.Allocate");
  return (
    <>
      {removal}
      <section className="card">
        <div className="ch">
          <h2>{t("admin.groups")}</h2>
          <span className="more">
            <Button icon="plus" whyNot={reason} onClick={() => setOpen(true)}>
              {t("admin.add-group")}
            </Button>
          </span>
        </div>
        {groups.error === undefined ? null : (
          <Failure what={t("admin.read-failed")} error={groups.error} onRetry={groups.reload} />
        )}
        {groups.data?.length === 0 ? <p className="nothing">{t("admin.no-groups")}</p> : null}
        {(groups.data ?? []).length === 0 ? null : (
          <table>
            <thead>
              <tr>
                <th scope="col">{t("admin.group")}</th>
                <th scope="col">{t("admin.users")}</th>
                <th scope="col" className="hide-m">
                  {t("column.comment")}
                </th>
                <th scope="col" className="num">
                  {t("column.actions")}
                </th>
              </tr>
            </thead>
            <tbody>
              {(groups.data ?? []).map(({ groupid, users, comment: text }) => (
                <tr key={groupid}>
                  <td className="strong">{groupid}</td>
                  <td style={{ whiteSpace: "normal" }}>{(users ?? "").replaceAll(",", ", ")}</td>
                  <td className="muted hide-m">{text}</td>
                  <td className="num">
                    <Button
                      look="quiet"
                      icon="trash"
                      whyNot={reason}
                      aria-label={t("admin.remove-one", { name: groupid })}
                      onClick={() =>
                        remove({
                          title: t("admin.remove-title", { name: groupid }),
                          text: t("admin.remove-group-text"),
                          action: t("admin.remove-one", { name: groupid }),
                          perform: () => api.delete("/access/groups/{groupid}", { groupid }),
                        })
                      }
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      {isOpen ? (
        <FormSheet
          title={t("admin.add-group")}
          action={t("admin.add-group")}
          failed={t("admin.save-failed")}
          fields={["groupid", "comment"]}
          onSubmit={async () => {
            await api.post("/access/groups", { groupid: name, comment });
            setOpen(false);
            groups.reload();
          }}
          onClose={() => setOpen(false)}
        >
          {(errors) => (
            <>
              <TextField
                label={t("column.name")}
                value={name}
                onChange={setName}
                error={errors.groupid}
                width={6}
                data-autofocus
              />
              <TextField
                label={t("column.comment")}
                value={comment}
                onChange={setComment}
                error={errors.comment}
                width={6}
              />
            </>
          )}
        </FormSheet>
      ) : null}
    </>
  );
}

export function RolesTab(): ReactNode {
  const roles = useCall("/access/roles", {});
  return (
    <section className="card">
      <div className="ch">
        <h2>{t("admin.roles")}</h2>
      </div>
      {roles.error === undefined ? null : (
        <Failure what={t("admin.read-failed")} error={roles.error} onRetry={roles.reload} />
      )}
      <div className="cardtable">
        <table>
          <thead>
            <tr>
              <th scope="col">{t("admin.role")}</th>
              <th scope="col">{t("admin.privileges")}</th>
              <th scope="col" className="hide-m">
                {t("column.type")}
              </th>
            </tr>
          </thead>
          <tbody>
            {(roles.data ?? []).map(({ roleid, privs, special }) => (
              <tr key={roleid}>
                <td className="strong" style={{ verticalAlign: "top", paddingTop: 8 }}>
                  {roleid}
                </td>
                <td className="muted" style={{ whiteSpace: "normal", padding: "8px 10px", overflowWrap: "anywhere" }}>
                  {(privs ?? "") === "" ? t("value.none-word") : (privs ?? "").replaceAll(",", ", ")}
                </td>
                <td className="hide-m" style={{ verticalAlign: "top", paddingTop: 8 }}>
                  {t(special === 1 ? "admin.built-in" : "admin.own")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
