/** `/access/users` and the API tokens below it. */
import type { Logger } from "../../log/logger.ts";
import { ApiError, parameterError, permissionError } from "../../rest/errors.ts";
import { defineMethod, type Method } from "../../rest/method.ts";
import { AccessRecordError } from "../access-errors.ts";
import type { UserConfigView } from "../evaluate.ts";
import { FactorsFile, FactorsFileError, type UserFactors } from "../factors-file.ts";
import { compareBytes, ROOT_USER, splitList, splitUserid } from "../names.ts";
import { DOMAINS_CONFIG, parseRealms } from "../realms.ts";
import { TokenFile } from "../secret-files.ts";
import { dropAclSubject } from "../user-changes.ts";
import { newUser, type TokenRecord, type UserConfig, type UserRecord } from "../user-config.ts";
import {
  type AccessMethodDeps,
  answering,
  callerOf,
  groupsOf,
  mayAudit,
  NOTHING,
  TOKEN_SUBID,
  USERID,
} from "./shared.ts";

const FIELDS = {
  comment: { type: "string", maxLength: 2048, optional: 1, description: "Free text." },
  email: { type: "string", format: "email-opt", maxLength: 254, optional: 1, description: "Mail address." },
  enable: { type: "boolean", default: 1, optional: 1, description: "Whether the user may log in." },
  expire: {
    type: "integer",
    minimum: 0,
    optional: 1,
    description: "Epoch seconds at which the account ends; 0: never.",
  },
  firstname: { type: "string", maxLength: 1024, optional: 1, description: "First name." },
  groups: { type: "string", format: "pve-groupid-list", optional: 1, description: "Groups of the user." },
  keys: {
    type: "string",
    pattern: "[0-9a-zA-Z!=]{0,4096}",
    optional: 1,
    description: "Second factors in an old form.",
  },
  lastname: { type: "string", maxLength: 1024, optional: 1, description: "Last name." },
} as const;

const TOKEN_FIELDS = {
  comment: { type: "string", optional: 1, description: "Free text." },
  expire: {
    type: "integer",
    minimum: 0,
    default: "same as user",
    optional: 1,
    description: "Epoch seconds at which the token ends; 0: never.",
  },
  privsep: { type: "boolean", default: 1, optional: 1, description: "The token has only rights of its own." },
} as const;

const SEE_USER = { check: ["userid-group", ["User.Modify", "Sys.Audit"]] } as const;
const OWN_OR_MODIFY = { check: ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]] } as const;

export function userMethods(deps: AccessMethodDeps): Method[] {
  return [...readMethods(deps), ...writeMethods(deps), ...tokenMethods(deps)];
}

function describeUser(user: UserRecord): Record<string, unknown> {
  const row: Record<string, unknown> = { enable: user.enable ? 1 : 0, expire: user.expire };
  for (const key of ["firstname", "lastname", "email", "comment", "keys"] as const)
    if (user[key] !== "") row[key] = user[key];
  return row;
}

function describeToken({ comment, expire, privsep }: TokenRecord): Record<string, unknown> {
  return { expire, privsep: privsep ? 1 : 0, ...(comment === "" ? {} : { comment }) };
}

function readMethods({ access, files, cfs, log }: AccessMethodDeps): Method[] {
  const factors = new FactorsFile(cfs);
  return [
    defineMethod({
      path: "/access/users",
      method: "GET",
      name: "index",
      description: "List users.",
      protected: 1,
      permissions: {
        user: "all",
        extra_checks_in_code: { privs: ["Sys.Audit", "User.Modify"], paths: ["/access/groups"] },
      },
      parameters: {
        enabled: { type: "boolean", optional: 1, description: "Only users that are, or are not, enabled." },
        full: { type: "boolean", default: 0, optional: 1, description: "With groups and tokens." },
      },
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            ...FIELDS,
            userid: USERID,
            "realm-type": { type: "string", format: "pve-realm", optional: 1 },
            "tfa-locked-until": { type: "integer", optional: 1 },
            "totp-locked": { type: "boolean", optional: 1 },
            tokens: {
              type: "array",
              optional: 1,
              items: { type: "object", properties: { ...TOKEN_FIELDS, tokenid: TOKEN_SUBID } },
            },
          },
        },
        links: [{ rel: "child", href: "{userid}" }],
      },
      async handler({ enabled, full }, call) {
        callerOf(call);
        const { config } = await access.view();
        const { sections } = await files.get(DOMAINS_CONFIG, parseRealms);
        const locks = await locksOf(factors, log);
        const rows: Record<string, unknown>[] = [];
        for (const [userid, user] of [...config.users].sort(([a], [b]) => compareBytes(a, b))) {
          if (!mayAudit(config, call, userid) || (enabled !== undefined && enabled !== user.enable)) continue;
          const row: Record<string, unknown> = { userid, ...describeUser(user) };
          const { isTotpLocked = false, lockedUntil } = locks.get(userid) ?? {};
          if (isTotpLocked) row["totp-locked"] = 1;
          if (lockedUntil !== undefined) row["tfa-locked-until"] = lockedUntil;
          const type = sections.get(splitUserid(userid)?.realm ?? "")?.type;
          if (type !== undefined) row["realm-type"] = type;
          if (full === true) {
            row.groups = groupsOf(config, userid).join(",");
            row.tokens = [...user.tokens].map(([tokenid, token]) => ({ tokenid, ...describeToken(token) }));
          }
          rows.push(row);
        }
        return rows;
      },
    }),
    defineMethod({
      path: "/access/users/{userid}",
      method: "GET",
      name: "read_user",
      description: "One user.",
      permissions: SEE_USER,
      parameters: { userid: USERID },
      returns: {
        type: "object",
        additionalProperties: 0,
        properties: {
          ...FIELDS,
          groups: { type: "array", optional: 1, items: { type: "string", format: "pve-groupid" } },
          tokens: { type: "object", optional: 1, additionalProperties: { type: "object", properties: TOKEN_FIELDS } },
        },
      },
      async handler({ userid }) {
        const { config } = await access.view();
        const user = existing(config, userid);
        return {
          ...describeUser(user),
          groups: groupsOf(config, userid),
          tokens: Object.fromEntries([...user.tokens].map(([subid, token]) => [subid, describeToken(token)])),
        };
      },
    }),
  ];
}

function existing(config: UserConfig, userid: string): UserRecord {
  const user = config.users.get(userid);
  if (user === undefined) throw new ApiError(500, `no such user ('${userid}')`);
  return user;
}

type UserFields = { readonly [K in keyof typeof FIELDS]?: string | boolean | number | undefined };

function applyFields(user: UserRecord, fields: UserFields): void {
  if (typeof fields.enable === "boolean") user.enable = fields.enable;
  if (typeof fields.expire === "number") user.expire = fields.expire;
  for (const key of ["comment", "email", "firstname", "lastname", "keys"] as const) {
    const value = fields[key];
    if (typeof value === "string") user[key] = value;
  }
}

function joinGroups(config: UserConfig, userid: string, groups: readonly string[], keepsOthers: boolean): void {
  for (const groupid of groups) {
    if (!config.groups.has(groupid)) throw new ApiError(500, `no such group '${groupid}'`);
  }
  for (const [groupid, { members }] of config.groups) {
    if (groups.includes(groupid)) members.add(userid);
    else if (!keepsOthers) members.delete(userid);
  }
}

/** A file that is damaged keeps everybody out, but hides nobody. */
async function locksOf(factors: FactorsFile, log: Logger): Promise<ReadonlyMap<string, UserFactors>> {
  try {
    return new Map((await factors.all()).map((entry) => [entry.userid, entry]));
  } catch (error) {
    if (!(error instanceof FactorsFileError)) throw error;
    log.warn({ reason: error.message }, "users are listed without their locks");
    return new Map();
  }
}

function dropUser(config: UserConfig, userid: string): void {
  config.users.delete(userid);
  for (const { members } of config.groups.values()) members.delete(userid);
  dropAclSubject(config.acl, "users", userid);
}

function writeMethods({ cfs, changes, login, files }: AccessMethodDeps): Method[] {
  const tokenFile = new TokenFile(cfs);
  const factors = new FactorsFile(cfs);
  return [
    defineMethod({
      path: "/access/users",
      method: "POST",
      name: "create_user",
      description: "Make a user.",
      protected: 1,
      permissions: {
        check: [
          "and",
          ["userid-param", "Realm.AllocateUser"],
          ["userid-group", ["User.Modify"], "groups_param", "create"],
        ],
        extra_checks_in_code: {
          privs: ["Realm.AllocateUser", "User.Modify"],
          paths: ["/access/groups", "/access/groups/<group>", "/access/realm/<realm>"],
        },
      },
      parameters: {
        ...FIELDS,
        userid: USERID,
        password: { type: "string", minLength: 8, maxLength: 64, optional: 1, description: "First password." },
      },
      returns: NOTHING,
      handler: (params) =>
        answering(async () => {
          const { userid, groups, password } = params;
          const realm = splitUserid(userid)?.realm ?? "";
          const { sections } = await files.get(DOMAINS_CONFIG, parseRealms);
          const section = sections.get(realm);
          if (section === undefined) throw parameterError({ userid: `realm '${realm}' does not exist` });
          if (password !== undefined && section.type !== "pve") {
            throw parameterError({ password: `passwords of realm '${realm}' are not set here` });
          }
          await changes.change((config) => {
            if (config.users.has(userid))
              throw new AccessRecordError(`create user failed: user '${userid}' already exists`);
            const user = newUser();
            applyFields(user, params);
            config.users.set(userid, user);
            joinGroups(config, userid, splitList(groups ?? ""), false);
          });
          if (password === undefined) return undefined;
          try {
            await login.setPassword(userid, password);
          } catch (error) {
            // Else a second attempt would find the user there, without the password.
            await changes.change((config) => dropUser(config, userid));
            throw error;
          }
          return undefined;
        }),
    }),
    defineMethod({
      path: "/access/users/{userid}",
      method: "PUT",
      name: "update_user",
      description: "Change a user.",
      protected: 1,
      permissions: { check: ["userid-group", ["User.Modify"], "groups_param", "update"] },
      parameters: {
        ...FIELDS,
        userid: USERID,
        append: {
          type: "boolean",
          optional: 1,
          requires: "groups",
          description: "Add the groups to those that the user has.",
        },
      },
      returns: NOTHING,
      async handler(params) {
        const { userid, groups, append } = params;
        await changes.change((config) => {
          applyFields(existing(config, userid), params);
          if (groups !== undefined) joinGroups(config, userid, splitList(groups), append === true);
        });
        return undefined;
      },
    }),
    defineMethod({
      path: "/access/users/{userid}",
      method: "DELETE",
      name: "delete_user",
      description: "Remove a user with tokens, rights and password.",
      protected: 1,
      permissions: { check: ["and", ["userid-param", "Realm.AllocateUser"], ["userid-group", ["User.Modify"]]] },
      parameters: { userid: USERID },
      returns: NOTHING,
      async handler({ userid }, call) {
        if (userid === ROOT_USER) throw permissionError(`user '${ROOT_USER}' cannot be removed`);
        if (userid === call.userid) throw new ApiError(500, "cannot delete user: this is your own account");
        const tokens = await changes.change((config) => {
          const user = existing(config, userid);
          const tokenids = [...user.tokens.keys()].map((subid) => `${userid}!${subid}`);
          dropUser(config, userid);
          for (const tokenid of tokenids) dropAclSubject(config.acl, "tokens", tokenid);
          return tokenids;
        });
        await tokenFile.remove(tokens);
        await login.forgetPassword(userid);
        await factors.forget(userid);
        return undefined;
      },
    }),
    defineMethod({
      path: "/access/users/{userid}/tfa",
      method: "GET",
      name: "read_user_tfa_type",
      description: "Which kinds of second factor a user has.",
      protected: 1,
      permissions: { check: ["or", ["userid-param", "self"], ["userid-group", ["User.Modify", "Sys.Audit"]]] },
      parameters: {
        userid: USERID,
        multiple: { type: "boolean", default: 0, optional: 1, description: "All kinds as a list." },
      },
      returns: {
        type: "object",
        additionalProperties: 0,
        properties: {
          realm: { type: "string", enum: ["oath", "yubico"], optional: 1 },
          types: {
            type: "array",
            optional: 1,
            items: { type: "string", enum: ["totp", "u2f", "yubico", "webauthn", "recovedry"] },
          },
          user: { type: "string", enum: ["oath", "u2f"], optional: 1 },
        },
      },
      async handler({ userid, multiple }) {
        const { sections } = await files.get(DOMAINS_CONFIG, parseRealms);
        const tfa = String(sections.get(splitUserid(userid)?.realm ?? "")?.values.tfa ?? "");
        const realm = /(?:^|,)type=([^,]+)/.exec(tfa)?.[1];
        const { entries } = await factors.of(userid);
        const types = [...new Set(entries.filter(({ isEnabled }) => isEnabled).map(({ type }) => type))];
        const shown = realm === undefined ? {} : { realm };
        if (multiple === true) return { ...shown, types };
        return types.includes("totp")
          ? { ...shown, user: "oath" }
          : types.includes("u2f")
            ? { ...shown, user: "u2f" }
            : shown;
      },
    }),
  ];
}

function existingToken(config: UserConfig, userid: string, subid: string): TokenRecord {
  const token = existing(config, userid).tokens.get(subid);
  if (token === undefined) throw new ApiError(500, `no such token '${subid}' for user '${userid}'`);
  return token;
}

const viewToken = (view: UserConfigView, userid: string, subid: string): TokenRecord =>
  existingToken(view.config, userid, subid);

function tokenMethods({ access, cfs, changes }: AccessMethodDeps): Method[] {
  const tokenFile = new TokenFile(cfs);
  const path = "/access/users/{userid}/token/{tokenid}";
  return [
    defineMethod({
      path: "/access/users/{userid}/token",
      method: "GET",
      name: "token_index",
      description: "List a user's API tokens.",
      permissions: OWN_OR_MODIFY,
      parameters: { userid: USERID },
      returns: {
        type: "array",
        items: { type: "object", properties: { ...TOKEN_FIELDS, tokenid: TOKEN_SUBID } },
        links: [{ rel: "child", href: "{tokenid}" }],
      },
      async handler({ userid }) {
        const { tokens } = existing((await access.view()).config, userid);
        return [...tokens].map(([tokenid, token]) => ({ tokenid, ...describeToken(token) }));
      },
    }),
    defineMethod({
      path,
      method: "GET",
      name: "read_token",
      description: "One API token, without its value.",
      permissions: OWN_OR_MODIFY,
      parameters: { userid: USERID, tokenid: TOKEN_SUBID },
      returns: { type: "object", properties: TOKEN_FIELDS },
      handler: async ({ userid, tokenid }) => describeToken(viewToken(await access.view(), userid, tokenid)),
    }),
    defineMethod({
      path,
      method: "POST",
      name: "generate_token",
      description: "Make an API token. Its value is shown this once.",
      protected: 1,
      permissions: OWN_OR_MODIFY,
      parameters: { ...TOKEN_FIELDS, userid: USERID, tokenid: TOKEN_SUBID },
      returns: {
        type: "object",
        additionalProperties: 0,
        properties: {
          "full-tokenid": { type: "string" },
          info: { type: "object", properties: TOKEN_FIELDS },
          value: { type: "string" },
        },
      },
      async handler({ userid, tokenid, comment, expire, privsep }) {
        const token: TokenRecord = { comment: comment ?? "", expire: expire ?? 0, privsep: privsep ?? true };
        await changes.change((config) => {
          const { tokens } = existing(config, userid);
          if (tokens.has(tokenid)) throw parameterError({ tokenid: "Token already exists." });
          tokens.set(tokenid, token);
        });
        const full = `${userid}!${tokenid}`;
        return { "full-tokenid": full, info: describeToken(token), value: await tokenFile.renew(full) };
      },
    }),
    defineMethod({
      path,
      method: "PUT",
      name: "update_token_info",
      description: "Change an API token, or give it a new value.",
      protected: 1,
      permissions: OWN_OR_MODIFY,
      parameters: {
        ...TOKEN_FIELDS,
        userid: USERID,
        tokenid: TOKEN_SUBID,
        delete: { type: "string", format: "pve-configid-list", optional: 1, description: "Settings to reset." },
        regenerate: { type: "boolean", default: 0, optional: 1, description: "Give it a new value; the old one ends." },
      },
      returns: {
        type: "object",
        properties: {
          ...TOKEN_FIELDS,
          "full-tokenid": { type: "string", optional: 1 },
          value: { type: "string", optional: 1 },
        },
      },
      async handler(params) {
        const { userid, tokenid, comment, expire, privsep, regenerate } = params;
        const removed = splitList(params.delete ?? "");
        for (const key of removed) {
          if (!["comment", "expire", "privsep"].includes(key))
            throw parameterError({ delete: `unknown setting '${key}'` });
        }
        const token = await changes.change((config) => {
          const record = existingToken(config, userid, tokenid);
          if (removed.includes("comment")) record.comment = "";
          if (removed.includes("expire")) record.expire = 0;
          if (removed.includes("privsep")) record.privsep = true;
          record.comment = comment ?? record.comment;
          record.expire = expire ?? record.expire;
          record.privsep = privsep ?? record.privsep;
          return record;
        });
        if (regenerate !== true) return describeToken(token);
        const full = `${userid}!${tokenid}`;
        return { ...describeToken(token), "full-tokenid": full, value: await tokenFile.renew(full) };
      },
    }),
    defineMethod({
      path,
      method: "DELETE",
      name: "remove_token",
      description: "Remove an API token.",
      protected: 1,
      permissions: OWN_OR_MODIFY,
      parameters: { userid: USERID, tokenid: TOKEN_SUBID },
      returns: NOTHING,
      async handler({ userid, tokenid }) {
        const full = `${userid}!${tokenid}`;
        await changes.change((config) => {
          existingToken(config, userid, tokenid);
          config.users.get(userid)?.tokens.delete(tokenid);
          dropAclSubject(config.acl, "tokens", full);
        });
        await tokenFile.remove([full]);
        return undefined;
      },
    }),
  ];
}
