/** `/access/domains`: realms. */
import { logDropped } from "../../cfs/config-warnings.ts";
import type { ClusterFs } from "../../cfs/port.ts";
import { ApiError, notBuilt, parameterError } from "../../rest/errors.ts";
import { defineMethod, type Method } from "../../rest/method.ts";
import { assertDigest, printSections, type Section, updateSection } from "../../section-config/index.ts";
import { AccessRecordError } from "../access-errors.ts";
import { splitList } from "../names.ts";
import { DOMAINS_CONFIG, parseRealms, REALM_PROPERTIES, REALM_SCHEMA, REALM_TYPES, type Realms } from "../realms.ts";
import { type AccessMethodDeps, answering, NOTHING, REALM } from "./shared.ts";

const LOCK = "file-domains_cfg";
const ALLOCATE = { check: ["perm", "/access/realm", ["Realm.Allocate"]] } as const;
const { "username-claim": USERNAME_CLAIM, ...CHANGEABLE } = REALM_PROPERTIES;

/** Secrets of directories are kept out of the file that everyone may read. */
const SECRET_DIRECTORY = "priv/realm";
const secretPath = (realm: string): string => `${SECRET_DIRECTORY}/${realm}.pw`;
/** Asked of the call, not kept. */
const TRANSIENT = new Set(["realm", "type", "delete", "digest", "check-connection", "password"]);

export function domainMethods({ cfs, files, log }: AccessMethodDeps): Method[] {
  const change = (edit: (realms: Realms) => Map<string, Section>): Promise<void> => changeRealms({ cfs, log }, edit);
  return [
    defineMethod({
      path: "/access/domains",
      method: "GET",
      name: "index",
      description: "List realms, for the login.",
      permissions: { user: "world", extra_checks_in_code: {} },
      parameters: {},
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            realm: { type: "string" },
            type: { type: "string" },
            comment: { type: "string", optional: 1 },
            tfa: { type: "string", enum: ["yubico", "oath"], optional: 1 },
          },
        },
        links: [{ rel: "child", href: "{realm}" }],
      },
      async handler() {
        const { sections } = await files.get(DOMAINS_CONFIG, parseRealms);
        return [...sections].map(([realm, { type, values }]) => {
          const row: Record<string, unknown> = { realm, type };
          if (values.comment !== undefined) row.comment = values.comment;
          if (values.default !== undefined) row.default = values.default ? 1 : 0;
          const kind = /(?:^|,)type=([^,]+)/.exec(String(values.tfa ?? ""))?.[1];
          if (kind !== undefined) row.tfa = kind;
          return row;
        });
      },
    }),
    defineMethod({
      path: "/access/domains/{realm}",
      method: "GET",
      name: "read",
      description: "A realm's options.",
      permissions: { check: ["perm", "/access/realm", ["Realm.Allocate", "Sys.Audit"], "any", 1] },
      parameters: { realm: REALM },
      returns: {},
      async handler({ realm }) {
        const { sections, file } = await files.get(DOMAINS_CONFIG, parseRealms);
        const { type, values } = existing(sections, realm);
        const numbers = Object.entries(values).map(([key, value]) => [
          key,
          typeof value === "boolean" ? Number(value) : value,
        ]);
        return { type, ...Object.fromEntries(numbers), digest: file.digest };
      },
    }),
    defineMethod({
      path: "/access/domains",
      method: "POST",
      name: "create",
      description: "Add a realm.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: {
        ...CHANGEABLE,
        "username-claim": USERNAME_CLAIM,
        realm: REALM,
        type: { type: "string", enum: REALM_TYPES, description: "Kind of realm." },
      },
      returns: NOTHING,
      // A realm that nobody can log in to is not made: those that the file has already can be changed and removed.
      handler({ type }) {
        if (type === "pam" || type === "pve") {
          throw parameterError({ type: `realms of type '${type}' exist once and are not made` });
        }
        throw notBuilt(`realm type '${type}'`);
      },
    }),
    defineMethod({
      path: "/access/domains/{realm}",
      method: "PUT",
      name: "update",
      description: "Change a realm.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: {
        ...CHANGEABLE,
        realm: REALM,
        delete: {
          type: "string",
          format: "pve-configid-list",
          maxLength: 4096,
          optional: 1,
          description: "Options to reset.",
        },
        digest: { type: "string", maxLength: 64, optional: 1, description: "Refuse when the file is another one." },
      },
      returns: NOTHING,
      handler: (params) =>
        answering(async () => {
          const { realm, digest, password } = params;
          refuseConnectionCheck(params["check-connection"]);
          await change((realms) => {
            assertDigest(realms.file, digest);
            const remove = splitList(params.delete ?? "");
            const section = updateSection(REALM_SCHEMA, existing(realms.sections, realm), {
              set: kept(params),
              remove,
            });
            return setRealm(realms.sections, realm, section);
          });
          if (password !== undefined) await keepSecret(cfs, realm, password);
          return undefined;
        }),
    }),
    defineMethod({
      path: "/access/domains/{realm}",
      method: "DELETE",
      name: "delete",
      description: "Remove a realm; its users stay.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: { realm: REALM },
      returns: NOTHING,
      async handler({ realm }) {
        await change(({ sections }) => {
          const { type } = existing(sections, realm);
          if (type === "pam" || type === "pve") throw new AccessRecordError(`realm '${realm}' cannot be removed`);
          const left = new Map(sections);
          left.delete(realm);
          return left;
        });
        if ((await cfs.read(secretPath(realm))) !== undefined) await cfs.remove(secretPath(realm));
        return undefined;
      },
    }),
  ];
}

function existing(sections: ReadonlyMap<string, Section>, realm: string): Section {
  const section = sections.get(realm);
  if (section === undefined) throw new ApiError(500, `domain '${realm}' does not exist`);
  return section;
}

function refuseConnectionCheck(asked: boolean | undefined): void {
  if (asked === true) throw notBuilt("'check-connection'");
}

function kept(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).filter(([key, value]) => value !== undefined && !TRANSIENT.has(key)),
  );
}

async function keepSecret(cfs: ClusterFs, realm: string, password: string): Promise<void> {
  await cfs.mkdir(SECRET_DIRECTORY);
  await cfs.write(secretPath(realm), `${password}\n`);
}

/** One realm at most is the default. */
function setRealm(sections: ReadonlyMap<string, Section>, realm: string, section: Section): Map<string, Section> {
  const result = new Map(sections).set(realm, section);
  if (section.values.default !== true && section.values.default !== 1) return result;
  for (const [other, { type, values }] of result) {
    if (other === realm || values.default === undefined) continue;
    const { default: _, ...rest } = values;
    result.set(other, { type, values: rest });
  }
  return result;
}

async function changeRealms(
  { cfs, log }: Pick<AccessMethodDeps, "cfs" | "log">,
  edit: (realms: Realms) => Map<string, Section>,
): Promise<void> {
  await cfs.lock(LOCK, async () => {
    const snapshot = await cfs.read(DOMAINS_CONFIG);
    const realms = parseRealms(snapshot);
    const sections = edit(realms);
    const text = printSections(REALM_SCHEMA, { ...realms.file, sections });
    await cfs.write(DOMAINS_CONFIG, text, { ifDigest: snapshot?.digest ?? null });
    logDropped(log, realms.file.warnings);
  });
}
