import type { ReactNode } from "react";
import { useTitle } from "../app-context.tsx";
import { NotFound } from "../parts/not-found.tsx";
import { Link } from "../route/navigation.tsx";
import { type MessageKey, t } from "../text/t.ts";
import { GroupsTab, RolesTab } from "./groups-roles.tsx";
import { PermissionsTab } from "./permissions-tab.tsx";
import { TokensTab } from "./tokens-tab.tsx";
import { UsersTab } from "./users-tab.tsx";

const TABS: readonly { readonly id: string; readonly label: MessageKey; readonly draw: () => ReactNode }[] = [
  { id: "users", label: "admin.users", draw: () => <UsersTab /> },
  { id: "tokens", label: "admin.tokens", draw: () => <TokensTab /> },
  { id: "groups", label: "admin.groups", draw: () => <GroupsTab /> },
  { id: "roles", label: "admin.roles", draw: () => <RolesTab /> },
  { id: "permissions", label: "admin.permissions", draw: () => <PermissionsTab /> },
];

export function AdminPage({ tab }: { readonly tab: string }): ReactNode {
  useTitle(t("area.admin"));
  const shown = TABS.find(({ id }) => id === tab);
  return (
    <>
      <div className="ph">
        <h1>{t("area.admin")}</h1>
      </div>
      <nav className="tabs" aria-label={t("area.admin")} style={{ marginBottom: 16 }}>
        {TABS.map(({ id, label }) => (
          <Link key={id} to={`/admin/${id}`} aria-current={id === tab ? "page" : undefined}>
            {t(label)}
          </Link>
        ))}
      </nav>
      {shown === undefined ? <NotFound /> : shown.draw()}
    </>
  );
}
