/** `pveum`: users, groups, roles, realms, pools, tokens, rights. */
import type { ToolCommand, ToolTable } from "./domain-cli.ts";
import { renderPermissions } from "./renderers.ts";

/** `add`, `modify`, `delete` and `list` of things that live at `path/{id}`. */
function things(noun: string, path: string, id: string): Record<string, ToolCommand> {
  return {
    [`${noun} add`]: { verb: "POST", path, args: [id] },
    [`${noun} modify`]: { verb: "PUT", path: `${path}/{${id}}`, args: [id] },
    [`${noun} delete`]: { verb: "DELETE", path: `${path}/{${id}}`, args: [id] },
    [`${noun} list`]: { verb: "GET", path },
  };
}

const TOKENS = "/access/users/{userid}/token";
const TOKEN_ARGS = ["userid", "tokenid"];

export const pveumTable: ToolTable = {
  name: "pveum",
  commands: {
    ...things("user", "/access/users", "userid"),
    "user permissions": { verb: "GET", path: "/access/permissions", args: ["userid"], render: renderPermissions },
    "user token add": { verb: "POST", path: `${TOKENS}/{tokenid}`, args: TOKEN_ARGS },
    "user token modify": { verb: "PUT", path: `${TOKENS}/{tokenid}`, args: TOKEN_ARGS },
    "user token delete": { verb: "DELETE", path: `${TOKENS}/{tokenid}`, args: TOKEN_ARGS },
    "user token remove": { verb: "DELETE", path: `${TOKENS}/{tokenid}`, args: TOKEN_ARGS },
    "user token list": { verb: "GET", path: TOKENS, args: ["userid"] },
    ...things("group", "/access/groups", "groupid"),
    ...things("role", "/access/roles", "roleid"),
    ...things("realm", "/access/domains", "realm"),
    "realm sync": { verb: "POST", path: "/access/domains/{realm}/sync", args: ["realm"] },
    "pool add": { verb: "POST", path: "/pools", args: ["poolid"] },
    "pool modify": { verb: "PUT", path: "/pools", args: ["poolid"] },
    "pool delete": { verb: "DELETE", path: "/pools", args: ["poolid"] },
    "pool list": { verb: "GET", path: "/pools" },
    "acl list": { verb: "GET", path: "/access/acl" },
    "acl modify": { verb: "PUT", path: "/access/acl", args: ["path"] },
    "acl delete": { verb: "PUT", path: "/access/acl", args: ["path"], fixed: { delete: "1" } },
    passwd: { verb: "PUT", path: "/access/password", args: ["userid"], secrets: ["password"] },
    ticket: { verb: "POST", path: "/access/ticket", args: ["username"] },
  },
  aliases: {
    useradd: "user add",
    usermod: "user modify",
    userdel: "user delete",
    groupadd: "group add",
    groupmod: "group modify",
    groupdel: "group delete",
    roleadd: "role add",
    rolemod: "role modify",
    roledel: "role delete",
    aclmod: "acl modify",
    acldel: "acl delete",
  },
};
