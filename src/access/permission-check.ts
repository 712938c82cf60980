/** The permission expressions of method declarations. Pure. */
import { normalizeAclPath } from "./acl-path.ts";
import { splitList, splitUserid } from "./names.ts";
import type { AccessView, PermissionVerdict } from "./port.ts";

export interface PermissionContext {
  readonly view: AccessView;
  readonly authid: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const ALLOWED: PermissionVerdict = { kind: "allowed" };
const REFUSED: Extract<PermissionVerdict, { kind: "refused" }> = {
  kind: "refused",
  message: "Permission check failed",
};

function refused(path: string, privs: string): PermissionVerdict {
  return { kind: "refused", message: `Permission check failed (${path}, ${privs})` };
}

/** @throws TypeError for an expression that is none: the declaration is wrong. */
export function evaluatePermission(check: readonly unknown[], context: PermissionContext): PermissionVerdict {
  const [form, ...args] = check;
  switch (form) {
    case "perm":
      return checkPerm(args, context);
    case "and": {
      for (const part of args) {
        const verdict = evaluatePermission(asExpression(part), context);
        if (verdict.kind !== "allowed") return verdict;
      }
      return ALLOWED;
    }
    case "or":
      return checkOr(args, context);
    case "userid-group":
      return checkUseridGroup(args, context);
    case "userid-param":
      return checkUseridParam(args, context);
    case "perm-modify":
      return checkModify(String(args[0]), context);
    default:
      throw new TypeError(`unknown permission expression '${String(form)}'`);
  }
}

function asExpression(part: unknown): readonly unknown[] {
  if (!Array.isArray(part)) throw new TypeError("a permission expression has to be a list");
  return part;
}

function asNames(list: unknown): string[] {
  return asExpression(list).map(String);
}

function textParam(params: Readonly<Record<string, unknown>>, name: string): string {
  const value = params[name];
  return value === undefined || value === null || value === "0" || value === 0 ? "" : String(value);
}

/** `{vmid}` becomes the parameter's value, or `-`. */
function substitute(template: string, params: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) => textParam(params, name) || "-");
}

function checkPerm(
  [template, privList, ...options]: readonly unknown[],
  { view, authid, params }: PermissionContext,
): PermissionVerdict {
  const privs = asNames(privList);
  const option = (name: string): unknown => {
    const at = options.indexOf(name);
    return at < 0 ? undefined : options[at + 1];
  };
  const required = option("require_param");
  if (required !== undefined && params[String(required)] === undefined) return REFUSED;
  const text = substitute(String(template), params);
  const path = normalizeAclPath(text) ?? text;
  const isAny = Boolean(Number(option("any") ?? 0));
  if (view.has(authid, path, privs, isAny)) return ALLOWED;
  if (isAny) return refused(path, privs.join("|"));
  return refused(path, privs.find((priv) => !view.has(authid, path, [priv])) ?? privs.join("|"));
}

function checkOr(parts: readonly unknown[], context: PermissionContext): PermissionVerdict {
  for (const part of parts) {
    const expression = asExpression(part);
    const verdict = evaluatePermission(expression, context);
    if (verdict.kind === "allowed") return verdict;
    // The groups that were asked for speak for themselves.
    if (expression[0] === "userid-group" && verdict.kind === "refused" && verdict.message !== REFUSED.message)
      return verdict;
  }
  return REFUSED;
}

function checkUseridGroup(
  [privList, ...options]: readonly unknown[],
  { view, authid, params }: PermissionContext,
): PermissionVerdict {
  const privs = asNames(privList);
  const may = (path: string): boolean => view.has(authid, path, privs, true);
  const isCreate = options.includes("create");
  const userid = textParam(params, "userid");
  if (!isCreate && !view.hasUser(userid)) return { kind: "failed", message: `no such user ('${userid}')` };
  if (may("/access/groups")) return ALLOWED;
  if (options.includes("groups_param")) {
    const groups = splitList(textParam(params, "groups"));
    if (groups.length === 0) return refused("/access/groups", privs.join("|"));
    for (const group of groups) {
      const path = `/access/groups/${group}`;
      if (view.groupMembers(group) === undefined || !may(path)) return refused(path, privs.join("|"));
    }
  }
  if (isCreate) return ALLOWED;
  return groupsOf(view, userid).some((group) => may(`/access/groups/${group}`)) ? ALLOWED : REFUSED;
}

function groupsOf(view: AccessView, userid: string): string[] {
  return view.groupIds().filter((group) => view.groupMembers(group)?.has(userid) === true);
}

function checkUseridParam([what]: readonly unknown[], { view, authid, params }: PermissionContext): PermissionVerdict {
  const userid = textParam(params, "userid");
  if (what === "self") {
    if (!view.hasUser(userid)) return { kind: "failed", message: `no such user ('${userid}')` };
    return userid === authid ? ALLOWED : REFUSED;
  }
  const realm = splitUserid(userid)?.realm;
  if (realm === undefined) return { kind: "failed", message: `invalid user name '${userid}'` };
  const path = `/access/realm/${realm}`;
  return view.has(authid, path, [String(what)]) ? ALLOWED : refused(path, String(what));
}

const ALLOCATORS: readonly (readonly [string, string])[] = [
  ["/storage/", "Datastore.Allocate"],
  ["/vms/", "VM.Allocate"],
  ["/pool/", "Pool.Allocate"],
];

function checkModify(template: string, { view, authid, params }: PermissionContext): PermissionVerdict {
  const path = normalizeAclPath(
    template === "{path}" ? textParam(params, "path") || "/-" : substitute(template, params),
  );
  // A path that is none is refused by the method, by name.
  if (path === undefined) return ALLOWED;
  const privs = ["Permissions.Modify"];
  for (const [below, priv] of ALLOCATORS) if (path.startsWith(below)) privs.push(priv);
  return view.has(authid, path, privs, true) ? ALLOWED : refused(path, privs.join("|"));
}
