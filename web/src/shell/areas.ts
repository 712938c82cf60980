/** The areas of the rail; those without any right in them are left out. */
import type { Allowed } from "../app-context.tsx";
import type { IconName } from "../parts/icon.tsx";
import type { Route } from "../route/routes.ts";
import type { MessageKey } from "../text/t.ts";

export interface Area {
  readonly to: string;
  readonly label: MessageKey;
  readonly icon: IconName;
  /** The second key after `g`. */
  readonly key: string;
  readonly pages: ReadonlySet<Route["page"]>;
  readonly isSeen: (allowed: Allowed) => boolean;
}

export const AREAS: readonly Area[] = [
  { to: "/", label: "area.overview", icon: "home", key: "o", pages: new Set(["overview"]), isSeen: () => true },
  {
    to: "/guests",
    label: "area.guests",
    icon: "guest",
    key: "g",
    pages: new Set(["guests", "vm", "create-vm"]),
    isSeen: ({ mayAnywhere }) => mayAnywhere("/vms", "VM.Audit") || mayAnywhere("/vms", "VM.Allocate"),
  },
  {
    to: "/nodes",
    label: "area.nodes",
    icon: "node",
    key: "n",
    pages: new Set(["nodes", "node"]),
    isSeen: ({ mayAnywhere }) => mayAnywhere("/nodes", "Sys.Audit"),
  },
  {
    to: "/storage",
    label: "area.storage",
    icon: "storage",
    key: "s",
    pages: new Set(["storages", "storage"]),
    isSeen: ({ mayAnywhere }) =>
      mayAnywhere("/storage", "Datastore.Audit") || mayAnywhere("/storage", "Datastore.AllocateSpace"),
  },
  { to: "/tasks", label: "area.tasks", icon: "tasks", key: "t", pages: new Set(["tasks", "task"]), isSeen: () => true },
  {
    to: "/admin/users",
    label: "area.admin",
    icon: "settings",
    key: "a",
    pages: new Set(["admin"]),
    isSeen: ({ mayAnywhere }) =>
      mayAnywhere("/access", "User.Modify") ||
      mayAnywhere("/access", "Sys.Audit") ||
      mayAnywhere("/access", "Permissions.Modify"),
  },
];
