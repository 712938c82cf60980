/** Compares user files, rights and permission expressions with recorded cases. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isAcceptedAclPath, normalizeAclPath } from "../access/acl-path.ts";
import { capabilities, effectivePermissions, UserConfigView } from "../access/evaluate.ts";
import { parseUserConfig } from "../access/parse-user-config.ts";
import { evaluatePermission } from "../access/permission-check.ts";
import { printUserConfig } from "../access/print-user-config.ts";

type Report = (name: string, ok: boolean, detail?: string) => void;

interface AccessCase {
  readonly config: string;
  readonly canonical: string;
  readonly parse_warnings: number;
  readonly permissions: readonly {
    who: string;
    path: string;
    roles: Record<string, number>;
    privs: Record<string, number>;
  }[];
  readonly caps?: Record<string, unknown>;
  readonly effective?: Record<string, unknown>;
  readonly checks?: readonly {
    who: string;
    check: readonly unknown[];
    param: Record<string, unknown>;
    allow: number;
    status?: number;
    message?: string;
  }[];
}

export async function run(dirOrFile: string, report: Report): Promise<void> {
  const files = statSync(dirOrFile).isDirectory()
    ? readdirSync(dirOrFile)
        .filter((name) => name.endsWith(".json"))
        .sort()
        .map((name) => join(dirOrFile, name))
    : [dirOrFile];
  for (const file of files) {
    const name = basename(file, ".json");
    const data: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (Array.isArray(data)) checkPaths(name, data as PathCase[], report);
    else checkCase(name, data as AccessCase, report);
  }
}

interface PathCase {
  readonly path: string;
  readonly normalized: string | null;
  readonly valid_acl_path: number;
}

function checkPaths(name: string, cases: readonly PathCase[], report: Report): void {
  for (const { path, normalized, valid_acl_path: isValid } of cases) {
    compare(`${name} '${path}'`, normalizeAclPath(path) ?? null, normalized, report);
    compare(`${name} '${path}' accepted`, isAcceptedAclPath(path) ? 1 : 0, isValid, report);
  }
}

function checkCase(name: string, data: AccessCase, report: Report): void {
  const { config, warnings } = parseUserConfig(data.config);
  compare(`${name} written`, printUserConfig(config), data.canonical, report);
  compare(`${name} warnings`, warnings.length, data.parse_warnings, report);
  const view = new UserConfigView(config);
  for (const { who, path, roles, privs } of data.permissions) {
    compare(`${name} roles of ${who} on ${path}`, flags(view.roles(who, path)), roles, report);
    const held = effectivePermissions(view, who, path)[path] ?? {};
    compare(`${name} privileges of ${who} on ${path}`, held, privs, report);
  }
  for (const [who, caps] of Object.entries(data.caps ?? {})) {
    compare(`${name} capabilities of ${who}`, capabilities(view, who), caps, report);
  }
  for (const [who, effective] of Object.entries(data.effective ?? {})) {
    compare(`${name} permissions of ${who}`, effectivePermissions(view, who), effective, report);
  }
  for (const [index, { who, check, param, allow, status, message }] of (data.checks ?? []).entries()) {
    const verdict =
      who === "root@pam"
        ? { kind: "allowed" as const }
        : evaluatePermission(check, { view, authid: who, params: param });
    const got = [
      verdict.kind === "allowed" ? 1 : 0,
      status !== undefined && verdict.kind === "refused" ? verdict.message : undefined,
    ];
    compare(
      `${name} check ${index} ${JSON.stringify(check)} of ${who}`,
      got,
      [allow, status === undefined ? undefined : message],
      report,
    );
  }
}

function flags(held: ReadonlyMap<string, boolean>): Record<string, number> {
  return Object.fromEntries([...held].map(([key, value]) => [key, value ? 1 : 0]));
}

function compare(name: string, got: unknown, want: unknown, report: Report): void {
  const isSame = isDeepStrictEqual(got, want);
  report(name, isSame, isSame ? undefined : `got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}
