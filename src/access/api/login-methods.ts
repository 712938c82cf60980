/** `/access/ticket`, `/access/vncticket`, `/access/password`, `/access/permissions` and the index. */
import { ApiError, notBuilt, parameterError, permissionError } from "../../rest/errors.ts";
import { defineMethod, type Method } from "../../rest/method.ts";
import { AuthenticationError } from "../errors.ts";
import { capabilities, effectivePermissions, type UserConfigView } from "../evaluate.ts";
import { isUserid, ownerOf, ROOT_USER, splitList, splitTokenid } from "../names.ts";
import { type AccessMethodDeps, answering, callerOf, NOTHING, USERID } from "./shared.ts";

export function loginMethods(deps: AccessMethodDeps): Method[] {
  return [
    ticketMethod(deps),
    getTicketMethod(),
    consoleTicketMethod(deps),
    passwordMethod(deps),
    permissionsMethod(deps),
  ];
}

function ticketMethod({ access, login, cfs }: AccessMethodDeps): Method {
  return defineMethod({
    path: "/access/ticket",
    method: "POST",
    name: "create_ticket",
    description: "Log in: a ticket and a CSRF token for a user name and password, or for a ticket that is still good.",
    protected: 1,
    allowtoken: 0,
    permissions: { user: "world", extra_checks_in_code: {} },
    parameters: {
      username: { type: "string", maxLength: 64, description: "User name, with or without `@realm`." },
      realm: {
        type: "string",
        format: "pve-realm",
        maxLength: 32,
        optional: 1,
        description: "Realm, when the user name has none.",
      },
      password: { type: "string", description: "Password, or a ticket of this user." },
      path: {
        type: "string",
        maxLength: 64,
        optional: 1,
        requires: "privs",
        description: "Only check the login and rights on this path.",
      },
      privs: {
        type: "string",
        format: "pve-priv-list",
        maxLength: 64,
        optional: 1,
        requires: "path",
        description: "Privileges to check.",
      },
      otp: { type: "string", optional: 1, description: "Second factor of a one-step login." },
      "tfa-challenge": { type: "string", optional: 1, description: "Challenge that is answered." },
      "new-format": { type: "boolean", default: 1, optional: 1, description: "Without effect, kept for old clients." },
    },
    returns: {
      type: "object",
      properties: {
        username: { type: "string" },
        ticket: { type: "string", optional: 1 },
        CSRFPreventionToken: { type: "string", optional: 1 },
        clustername: { type: "string", optional: 1 },
      },
    },
    handler: (params) =>
      answering(async () => {
        const userid =
          params.realm === undefined || params.username.includes("@")
            ? params.username
            : `${params.username}@${params.realm}`;
        if (!isUserid(userid)) throw new AuthenticationError("authentication failure");
        // An account with a factor is refused anyway; for one without, nobody shall think that this was looked at.
        if (params.otp !== undefined && params.otp !== "") throw notBuilt("'otp'");
        // Nobody is ever asked for a second factor here, so there is no challenge that this could answer.
        if (params["tfa-challenge"] !== undefined) throw new AuthenticationError("authentication failure");
        const view = await access.view();
        const byTicket = params.password.startsWith("PVE:") ? await access.userOfTicket(params.password) : undefined;
        const isRenewal =
          byTicket !== undefined && (byTicket === userid || byTicket === ROOT_USER) && isActive(view, userid);
        if (!isRenewal) await login.check(userid, params.password);
        if (params.path !== undefined && params.privs !== undefined) {
          const privs = splitList(params.privs);
          if (!view.has(userid, params.path, privs)) throw new AuthenticationError("authentication failure");
          return { username: userid, cap: capabilities(view, userid) };
        }
        const { ticket, csrfToken } = await access.issueLoginTicket(userid);
        const { cluster } = view.has(userid, "/", ["Sys.Audit"]) ? await cfs.info() : {};
        return {
          username: userid,
          ticket,
          CSRFPreventionToken: csrfToken,
          cap: capabilities(view, userid),
          ...(cluster === undefined ? {} : { clustername: cluster.name }),
        };
      }),
  });
}

function isActive(view: UserConfigView, userid: string): boolean {
  return view.isActive(userid, Math.floor(Date.now() / 1000));
}

function getTicketMethod(): Method {
  return defineMethod({
    path: "/access/ticket",
    method: "GET",
    name: "get_ticket",
    description: "Nothing; kept for clients that look for the path.",
    permissions: { user: "world" },
    parameters: {},
    returns: NOTHING,
    handler: () => undefined,
  });
}

function consoleTicketMethod({ access }: AccessMethodDeps): Method {
  return defineMethod({
    path: "/access/vncticket",
    method: "POST",
    name: "verify_vnc_ticket",
    description: "Check a console ticket and the rights of its user.",
    protected: 1,
    permissions: { user: "world", extra_checks_in_code: {} },
    parameters: {
      authid: { type: "string", maxLength: 64, description: "User or token id." },
      vncticket: { type: "string", description: "The ticket." },
      path: { type: "string", maxLength: 64, description: "Path that the ticket is for." },
      privs: {
        type: "string",
        format: "pve-priv-list",
        maxLength: 64,
        description: "Privileges that the user must have.",
      },
      port: { type: "integer", optional: 1, description: "Port that the ticket is for." },
    },
    returns: NOTHING,
    async handler({ authid, vncticket, path, privs, port }) {
      if (!(await access.verifyConsoleTicket(vncticket, authid, path, port ?? undefined))) {
        throw new ApiError(401, "permission denied - invalid PVEVNC ticket");
      }
      const view = await access.view();
      if (!view.has(authid, path, splitList(privs))) throw new ApiError(401, `no permission (${path}, ${privs})`);
      return undefined;
    },
  });
}

function passwordMethod({ access, login }: AccessMethodDeps): Method {
  return defineMethod({
    path: "/access/password",
    method: "PUT",
    name: "change_password",
    description: "Set a user's password.",
    protected: 1,
    allowtoken: 0,
    permissions: {
      check: [
        "or",
        ["userid-param", "self"],
        ["and", ["userid-param", "Realm.AllocateUser"], ["userid-group", ["User.Modify"]]],
      ],
      extra_checks_in_code: { privs: ["Realm.AllocateUser", "User.Modify"], paths: ["/access/groups/<group>"] },
    },
    parameters: {
      userid: USERID,
      password: { type: "string", minLength: 8, maxLength: 64, description: "The new password." },
      "confirmation-password": {
        type: "string",
        minLength: 5,
        maxLength: 64,
        optional: 1,
        description: "The caller's own present password.",
      },
    },
    returns: NOTHING,
    handler: (params, call) =>
      answering(async () => {
        const { userid: caller } = callerOf(call);
        const { userid, password } = params;
        if (caller !== ROOT_USER) {
          if (userid === ROOT_USER) throw permissionError(`user != ${ROOT_USER}`);
          if (userid.endsWith("@pam")) throw permissionError("only root may set passwords of realm 'pam'");
          const confirmation = params["confirmation-password"];
          if (confirmation === undefined)
            throw parameterError({ "confirmation-password": "property is missing and it is not optional" });
          await login.confirm(caller, confirmation);
        }
        if (!(await access.view()).hasUser(userid)) throw new ApiError(500, `no such user ('${userid}')`);
        await login.setPassword(userid, password);
        return undefined;
      }),
  });
}

function permissionsMethod({ access }: AccessMethodDeps): Method {
  return defineMethod({
    path: "/access/permissions",
    method: "GET",
    name: "permissions",
    description: "What a user or token may do: privileges by path.",
    permissions: { user: "all", extra_checks_in_code: { privs: ["Sys.Audit"], paths: ["/access"] } },
    parameters: {
      path: { type: "string", optional: 1, description: "Only this path." },
      userid: {
        type: "string",
        pattern: "(?:^(?:[^\\s:/]+)\\@(?:[A-Za-z][A-Za-z0-9\\.\\-_]+)(?:!(?:[A-Za-z][A-Za-z0-9\\.\\-_]+))?$)",
        optional: 1,
        description: "User or token id; default: the caller.",
      },
    },
    returns: { type: "object" },
    async handler({ path, userid }, call) {
      const { authid } = callerOf(call);
      const asked = userid ?? authid;
      const isOwn = asked === authid || (splitTokenid(authid) === undefined && ownerOf(asked) === authid);
      if (!isOwn) call.check("/access", ["Sys.Audit"]);
      return effectivePermissions(await access.view(), asked, path);
    },
  });
}
