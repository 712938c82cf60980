/** `/access/tfa`: second factors that accounts have. */
import { ApiError, parameterError, permissionError } from "../../rest/errors.ts";
import { type CallContext, defineMethod, type Method } from "../../rest/method.ts";
import { FACTOR_TYPES, type Factor, FactorsFile } from "../factors-file.ts";
import { ROOT_USER } from "../names.ts";
import { type AccessMethodDeps, answering, callerOf, mayAudit, NOTHING, USERID } from "./shared.ts";

const SEE = { check: ["or", ["userid-param", "self"], ["userid-group", ["User.Modify", "Sys.Audit"]]] } as const;
const CHANGE = { check: ["or", ["userid-param", "self"], ["userid-group", ["User.Modify"]]] } as const;
const ID = { type: "string", description: "Id of the factor." } as const;
const PASSWORD = {
  type: "string",
  minLength: 5,
  maxLength: 64,
  optional: 1,
  description: "The caller's own password.",
} as const;
const ENTRY = {
  id: { type: "string" },
  type: { type: "string", enum: FACTOR_TYPES },
  description: { type: "string" },
  created: { type: "integer" },
  enable: { type: "boolean", default: 1, optional: 1 },
} as const;

function describe({ id, type, description, created, isEnabled }: Factor): Record<string, unknown> {
  return { id, type, description, created, ...(isEnabled ? {} : { enable: 0 }) };
}

function noSuchFactor(id: string): ApiError {
  return new ApiError(404, `no such second factor '${id}'`);
}

export function factorMethods({ access, cfs, changes, login }: AccessMethodDeps): Method[] {
  const file = new FactorsFile(cfs);
  /** Everyone but root repeats his password; only root touches root. */
  const confirm = async (call: CallContext, userid: string, password: string | undefined): Promise<void> => {
    const { userid: caller } = callerOf(call);
    if (caller === ROOT_USER) return;
    if (userid === ROOT_USER) throw permissionError(`user != ${ROOT_USER}`);
    if (password === undefined) {
      throw parameterError({ password: "property is missing and it is not optional" });
    }
    await login.confirm(caller, password);
  };
  return [
    defineMethod({
      path: "/access/tfa",
      method: "GET",
      name: "list_tfa",
      description: "List the second factors of users.",
      protected: 1,
      permissions: { user: "all", extra_checks_in_code: {} },
      parameters: {},
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            userid: { type: "string" },
            entries: { type: "array", items: { type: "object", properties: ENTRY } },
            "tfa-locked-until": { type: "integer", optional: 1 },
            "totp-locked": { type: "boolean", optional: 1 },
          },
        },
        links: [{ rel: "child", href: "{userid}" }],
      },
      async handler(_, call) {
        const { config } = await access.view();
        return (await file.all())
          .filter(({ userid }) => mayAudit(config, call, userid))
          .map(({ userid, entries, isTotpLocked, lockedUntil }) => ({
            userid,
            entries: entries.map(describe),
            ...(isTotpLocked ? { "totp-locked": 1 } : {}),
            ...(lockedUntil === undefined ? {} : { "tfa-locked-until": lockedUntil }),
          }));
      },
    }),
    defineMethod({
      path: "/access/tfa/{userid}",
      method: "GET",
      name: "list_user_tfa",
      description: "List a user's second factors.",
      protected: 1,
      permissions: SEE,
      parameters: { userid: USERID },
      returns: {
        type: "array",
        items: { type: "object", properties: ENTRY },
        links: [{ rel: "child", href: "{id}" }],
      },
      handler: async ({ userid }) => (await file.of(userid)).entries.map(describe),
    }),
    defineMethod({
      path: "/access/tfa/{userid}/{id}",
      method: "GET",
      name: "get_tfa_entry",
      description: "One second factor, without its secret.",
      protected: 1,
      permissions: SEE,
      parameters: { userid: USERID, id: ID },
      returns: { type: "object", properties: ENTRY },
      async handler({ userid, id }) {
        const entry = (await file.of(userid)).entries.find((factor) => factor.id === id);
        if (entry === undefined) throw noSuchFactor(id);
        return describe(entry);
      },
    }),
    defineMethod({
      path: "/access/tfa/{userid}/{id}",
      method: "PUT",
      name: "update_tfa_entry",
      description: "Rename a second factor, or switch it on or off.",
      protected: 1,
      allowtoken: 0,
      permissions: CHANGE,
      parameters: {
        userid: USERID,
        id: ID,
        description: { type: "string", maxLength: 255, optional: 1, description: "What it is." },
        enable: { type: "boolean", optional: 1, description: "Whether it counts." },
        password: PASSWORD,
      },
      returns: NOTHING,
      handler: ({ userid, id, description, enable, password }, call) =>
        answering(async () => {
          await confirm(call, userid, password);
          const set = {
            ...(description === undefined ? {} : { description }),
            ...(enable === undefined ? {} : { enable }),
          };
          if (!(await file.update(userid, id, set))) throw noSuchFactor(id);
          return undefined;
        }),
    }),
    defineMethod({
      path: "/access/tfa/{userid}/{id}",
      method: "DELETE",
      name: "delete_tfa",
      description: "Remove a second factor.",
      protected: 1,
      allowtoken: 0,
      permissions: CHANGE,
      parameters: { userid: USERID, id: ID, password: PASSWORD },
      returns: NOTHING,
      handler: ({ userid, id, password }, call) =>
        answering(async () => {
          await confirm(call, userid, password);
          const left = await file.remove(userid, id);
          if (left === undefined) throw noSuchFactor(id);
          if (left === 0) await changes.change(({ users }) => clearMark(users.get(userid)));
          return undefined;
        }),
    }),
    defineMethod({
      path: "/access/users/{userid}/unlock-tfa",
      method: "PUT",
      name: "unlock_tfa",
      description: "Let a user try second factors again after too many wrong ones.",
      protected: 1,
      permissions: { check: ["userid-group", ["User.Modify"]] },
      parameters: { userid: USERID },
      returns: { type: "boolean" },
      handler: async ({ userid }) => ((await file.unlock(userid)) ? 1 : 0),
    }),
  ];
}

/** `x` in a user's record says that the file of factors has some. */
function clearMark(user: { keys: string } | undefined): void {
  if (user?.keys === "x") user.keys = "";
}
