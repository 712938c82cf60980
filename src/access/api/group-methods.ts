/** `/access/groups`, `/access/roles` and `/access/acl`. */
import { ApiError, parameterError } from "../../rest/errors.ts";
import { defineMethod, type Method } from "../../rest/method.ts";
import { AccessRecordError } from "../access-errors.ts";
import { aclPathParts, isAcceptedAclPath, normalizeAclPath } from "../acl-path.ts";
import { compareBytes, splitList, splitTokenid } from "../names.ts";
import { BUILT_IN_ROLES, isPrivilege, PRIVILEGES } from "../privileges.ts";
import { dropAclRole, dropAclSubject } from "../user-changes.ts";
import { type AclSubjectKind, aclNodeAt, type UserConfig, walkAcl } from "../user-config.ts";
import { type AccessMethodDeps, COMMENT, callerOf, GROUPID, NOTHING, ROLEID } from "./shared.ts";

const ALLOCATE_GROUP = { check: ["perm", "/access/groups", ["Group.Allocate"]] } as const;
const MODIFY_ACCESS = { check: ["perm", "/access", ["Sys.Modify"]] } as const;
const PRIVS = { type: "string", format: "pve-priv-list", optional: 1, description: "Privileges." } as const;

export function groupMethods({ access, changes }: AccessMethodDeps): Method[] {
  return [
    defineMethod({
      path: "/access/groups",
      method: "GET",
      name: "index",
      description: "List groups.",
      permissions: {
        user: "all",
        extra_checks_in_code: {
          privs: ["Group.Allocate", "Sys.Audit", "User.Modify"],
          paths: ["/access/groups/<group>"],
        },
      },
      parameters: {},
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            groupid: GROUPID,
            comment: COMMENT,
            users: { type: "string", format: "pve-userid-list", optional: 1 },
          },
        },
        links: [{ rel: "child", href: "{groupid}" }],
      },
      async handler(_, call) {
        const { groups } = (await access.view()).config;
        const privs = ["User.Modify", "Sys.Audit", "Group.Allocate"];
        return [...groups]
          .filter(([groupid]) => call.can(`/access/groups/${groupid}`, privs, { any: true }))
          .sort(([a], [b]) => compareBytes(a, b))
          .map(([groupid, { comment, members }]) => ({
            groupid,
            users: [...members].sort(compareBytes).join(","),
            ...(comment === "" ? {} : { comment }),
          }));
      },
    }),
    defineMethod({
      path: "/access/groups/{groupid}",
      method: "GET",
      name: "read_group",
      description: "One group with its members.",
      permissions: { check: ["perm", "/access/groups", ["Sys.Audit", "Group.Allocate"], "any", 1] },
      parameters: { groupid: GROUPID },
      returns: {
        type: "object",
        additionalProperties: 0,
        properties: {
          comment: COMMENT,
          members: { type: "array", items: { type: "string", format: "pve-userid", maxLength: 64 } },
        },
      },
      async handler({ groupid }) {
        const { comment, members } = existingGroup((await access.view()).config, groupid);
        return { members: [...members].sort(compareBytes), ...(comment === "" ? {} : { comment }) };
      },
    }),
    defineMethod({
      path: "/access/groups",
      method: "POST",
      name: "create_group",
      description: "Make a group.",
      protected: 1,
      permissions: ALLOCATE_GROUP,
      parameters: { groupid: GROUPID, comment: COMMENT },
      returns: NOTHING,
      async handler({ groupid, comment }) {
        await changes.change(({ groups }) => {
          if (groups.has(groupid))
            throw new AccessRecordError(`create group failed: group '${groupid}' already exists`);
          groups.set(groupid, { comment: comment ?? "", members: new Set() });
        });
        return undefined;
      },
    }),
    defineMethod({
      path: "/access/groups/{groupid}",
      method: "PUT",
      name: "update_group",
      description: "Change a group's comment.",
      protected: 1,
      permissions: ALLOCATE_GROUP,
      parameters: { groupid: GROUPID, comment: COMMENT },
      returns: NOTHING,
      async handler({ groupid, comment }) {
        await changes.change((config) => {
          const group = existingGroup(config, groupid);
          if (comment !== undefined) group.comment = comment;
        });
        return undefined;
      },
    }),
    defineMethod({
      path: "/access/groups/{groupid}",
      method: "DELETE",
      name: "delete_group",
      description: "Remove a group and what is granted to it.",
      protected: 1,
      permissions: ALLOCATE_GROUP,
      parameters: { groupid: GROUPID },
      returns: NOTHING,
      async handler({ groupid }) {
        await changes.change((config) => {
          existingGroup(config, groupid);
          config.groups.delete(groupid);
          dropAclSubject(config.acl, "groups", groupid);
        });
        return undefined;
      },
    }),
  ];
}

function existingGroup(config: UserConfig, groupid: string): { comment: string; members: Set<string> } {
  const group = config.groups.get(groupid);
  if (group === undefined) throw new ApiError(500, `group '${groupid}' does not exist`);
  return group;
}

export function roleMethods({ access, changes }: AccessMethodDeps): Method[] {
  return [
    defineMethod({
      path: "/access/roles",
      method: "GET",
      name: "index",
      description: "List roles.",
      permissions: { user: "all" },
      parameters: {},
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: { roleid: ROLEID, privs: PRIVS, special: { type: "boolean", default: 0, optional: 1 } },
        },
        links: [{ rel: "child", href: "{roleid}" }],
      },
      async handler() {
        const { roles } = (await access.view()).config;
        return [...roles]
          .sort(([a], [b]) => compareBytes(a, b))
          .map(([roleid, privs]) => ({
            roleid,
            privs: [...privs].sort(compareBytes).join(","),
            special: BUILT_IN_ROLES.has(roleid) ? 1 : 0,
          }));
      },
    }),
    defineMethod({
      path: "/access/roles/{roleid}",
      method: "GET",
      name: "read_role",
      description: "A role's privileges.",
      permissions: { user: "all" },
      parameters: { roleid: ROLEID },
      returns: {
        type: "object",
        additionalProperties: 0,
        properties: Object.fromEntries(PRIVILEGES.map((name) => [name, { type: "boolean", optional: 1 }])),
      },
      async handler({ roleid }) {
        const privs = existingRole((await access.view()).config, roleid);
        return Object.fromEntries([...privs].sort(compareBytes).map((name) => [name, 1]));
      },
    }),
    defineMethod({
      path: "/access/roles",
      method: "POST",
      name: "create_role",
      description: "Make a role.",
      protected: 1,
      permissions: MODIFY_ACCESS,
      parameters: { roleid: ROLEID, privs: PRIVS },
      returns: NOTHING,
      async handler({ roleid, privs }) {
        const names = checkedPrivileges(privs);
        await changes.change(({ roles }) => {
          if (roles.has(roleid)) throw new AccessRecordError(`create role failed: role '${roleid}' already exists`);
          roles.set(roleid, new Set(names));
        });
        return undefined;
      },
    }),
    defineMethod({
      path: "/access/roles/{roleid}",
      method: "PUT",
      name: "update_role",
      description: "Change a role's privileges.",
      protected: 1,
      permissions: MODIFY_ACCESS,
      parameters: {
        roleid: ROLEID,
        privs: PRIVS,
        append: { type: "boolean", optional: 1, requires: "privs", description: "Add to those that it has." },
      },
      returns: NOTHING,
      async handler({ roleid, privs, append }) {
        refuseBuiltIn(roleid, "modify");
        const names = checkedPrivileges(privs);
        await changes.change((config) => {
          const role = existingRole(config, roleid);
          if (append !== true) role.clear();
          for (const name of names) role.add(name);
        });
        return undefined;
      },
    }),
    defineMethod({
      path: "/access/roles/{roleid}",
      method: "DELETE",
      name: "delete_role",
      description: "Remove a role and its grants.",
      protected: 1,
      permissions: MODIFY_ACCESS,
      parameters: { roleid: ROLEID },
      returns: NOTHING,
      async handler({ roleid }) {
        refuseBuiltIn(roleid, "delete");
        await changes.change((config) => {
          existingRole(config, roleid);
          config.roles.delete(roleid);
          dropAclRole(config.acl, roleid);
        });
        return undefined;
      },
    }),
  ];
}

function existingRole(config: UserConfig, roleid: string): Set<string> {
  const role = config.roles.get(roleid);
  if (role === undefined) throw new ApiError(500, `role '${roleid}' does not exist`);
  return role;
}

function refuseBuiltIn(roleid: string, verb: string): void {
  if (BUILT_IN_ROLES.has(roleid))
    throw new ApiError(500, `auto-generated role '${roleid}' cannot be ${verb === "delete" ? "deleted" : "modified"}`);
}

function checkedPrivileges(text: string | undefined): string[] {
  const names = splitList(text ?? "");
  const wrong = names.find((name) => !isPrivilege(name));
  if (wrong !== undefined) throw parameterError({ privs: `invalid privilege '${wrong}'` });
  return names;
}

const KIND_NAMES: Readonly<Record<AclSubjectKind, string>> = { users: "user", groups: "group", tokens: "token" };

export function aclMethods({ access, changes }: AccessMethodDeps): Method[] {
  return [
    defineMethod({
      path: "/access/acl",
      method: "GET",
      name: "read_acl",
      description: "List grants.",
      permissions: { user: "all", extra_checks_in_code: {} },
      parameters: {},
      returns: {
        type: "array",
        items: {
          type: "object",
          additionalProperties: 0,
          properties: {
            path: { type: "string" },
            propagate: { type: "boolean", default: 1, optional: 1 },
            roleid: { type: "string" },
            type: { type: "string", enum: ["user", "group", "token"] },
            ugid: { type: "string" },
          },
        },
      },
      async handler(_, call) {
        callerOf(call);
        const { acl } = (await access.view()).config;
        const seesAll = call.can("/access", ["Sys.Audit", "Permissions.Modify"], { any: true });
        const rows: Record<string, unknown>[] = [];
        for (const { path, node } of walkAcl(acl)) {
          if (!seesAll && !call.can(path, ["Permissions.Modify"])) continue;
          for (const kind of ["users", "groups", "tokens"] as const) {
            for (const [ugid, grants] of node[kind]) {
              for (const [roleid, propagates] of grants)
                rows.push({ path, type: KIND_NAMES[kind], ugid, roleid, propagate: propagates ? 1 : 0 });
            }
          }
        }
        return rows;
      },
    }),
    defineMethod({
      path: "/access/acl",
      method: "PUT",
      name: "update_acl",
      description: "Grant or withdraw roles on a path.",
      protected: 1,
      permissions: { check: ["perm-modify", "{path}"] },
      parameters: {
        path: { type: "string", description: "Path, e.g. `/vms/100`." },
        roles: { type: "string", format: "pve-roleid-list", description: "Roles." },
        users: { type: "string", format: "pve-userid-list", optional: 1, description: "Users." },
        groups: { type: "string", format: "pve-groupid-list", optional: 1, description: "Groups." },
        tokens: { type: "string", format: "pve-tokenid-list", optional: 1, description: "API tokens." },
        propagate: { type: "boolean", default: 1, optional: 1, description: "Also on all paths below." },
        delete: { type: "boolean", optional: 1, description: "Withdraw instead of grant." },
      },
      returns: NOTHING,
      async handler(params, call) {
        const path = normalizeAclPath(params.path);
        if (path === undefined || !isAcceptedAclPath(path))
          throw parameterError({ path: `invalid ACL path '${params.path}'` });
        const subjects = subjectsOf(params);
        if (subjects.length === 0) {
          throw parameterError({ users: "one of 'users', 'groups' or 'tokens' is required" });
        }
        const roles = splitList(params.roles);
        assertMayGrant(
          roles,
          path,
          call.access.privileges(callerOf(call).authid, path),
          call.can(path, ["Permissions.Modify"]),
          (await access.view()).config,
        );
        await changes.change((config) => {
          const node = aclNodeAt(config.acl, aclPathParts(path));
          for (const [kind, name] of subjects) {
            if (params.delete !== true) assertSubject(config, kind, name);
            const grants = node[kind].get(name) ?? new Map<string, boolean>();
            for (const role of roles) {
              existingRole(config, role);
              if (params.delete === true) grants.delete(role);
              else grants.set(role, params.propagate ?? true);
            }
            if (grants.size > 0) node[kind].set(name, grants);
            else node[kind].delete(name);
          }
        });
        return undefined;
      },
    }),
  ];
}

function subjectsOf(params: {
  users?: string | undefined;
  groups?: string | undefined;
  tokens?: string | undefined;
}): [AclSubjectKind, string][] {
  return (["users", "groups", "tokens"] as const).flatMap((kind) =>
    splitList(params[kind] ?? "").map((name): [AclSubjectKind, string] => [kind, name]),
  );
}

/** Who may only allocate on a path gives away no more than he has there. */
function assertMayGrant(
  roles: readonly string[],
  path: string,
  own: ReadonlyMap<string, boolean>,
  mayModify: boolean,
  config: UserConfig,
): void {
  if (mayModify) return;
  for (const roleid of roles) {
    for (const priv of config.roles.get(roleid) ?? []) {
      if (!own.has(priv)) throw new ApiError(403, `Permission check failed (${path}, ${priv})`);
    }
  }
}

function assertSubject(config: UserConfig, kind: AclSubjectKind, name: string): void {
  const token = splitTokenid(name);
  const exists =
    kind === "users"
      ? config.users.has(name)
      : kind === "groups"
        ? config.groups.has(name)
        : token !== undefined && config.users.get(token.userid)?.tokens.has(token.subid) === true;
  if (!exists) throw new ApiError(500, `${KIND_NAMES[kind]} '${name}' does not exist`);
}
