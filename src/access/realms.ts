/** Realms: `domains.cfg`, its types and their options. `pam` and `pve` always exist. */
import type { FileSnapshot } from "../cfs/port.ts";
import type { Properties } from "../rest/schema.ts";
import { parseSections, type Section, type SectionFile, type SectionSchema } from "../section-config/index.ts";

export const DOMAINS_CONFIG = "domains.cfg";

const attributes = (names: readonly string[]): Record<string, { optional: 1 }> =>
  Object.fromEntries(names.map((name) => [name, { optional: 1 as const }]));

/** Schemas of the options, as in the API description. */
export const REALM_PROPERTIES = {
  "acr-values": {
    type: "string",
    pattern: '^[^\\x00-\\x1F\\x7F <>#"]*$',
    optional: 1,
    description: "Authentication context that is asked for.",
  },
  audiences: {
    type: "string",
    pattern: '^[^\\x00-\\x1F\\x7F <>#"]*$',
    optional: 1,
    description: "Accepted audiences.",
  },
  autocreate: { type: "boolean", default: 0, optional: 1, description: "Make users at their first login." },
  base_dn: { type: "string", maxLength: 256, optional: 1, description: "Where users are searched." },
  bind_dn: { type: "string", maxLength: 256, optional: 1, description: "Who searches." },
  capath: { type: "string", default: "/etc/ssl/certs", optional: 1, description: "Certificates of authorities." },
  "case-sensitive": { type: "boolean", default: 1, optional: 1, description: "User names differ by case." },
  cert: { type: "string", optional: 1, description: "Client certificate." },
  certkey: { type: "string", optional: 1, description: "Key of the client certificate." },
  "check-connection": { type: "boolean", default: 0, optional: 1, description: "Try the connection first." },
  "client-id": { type: "string", maxLength: 256, optional: 1, description: "Name of this cluster at the provider." },
  "client-key": { type: "string", maxLength: 256, optional: 1, description: "Secret of this cluster at the provider." },
  comment: { type: "string", maxLength: 4096, optional: 1, description: "Shown at the login." },
  default: { type: "boolean", optional: 1, description: "Preselected at the login." },
  domain: { type: "string", pattern: "\\S+", maxLength: 256, optional: 1, description: "Active Directory domain." },
  filter: { type: "string", maxLength: 2048, optional: 1, description: "Which entries are users." },
  group_classes: {
    type: "string",
    default: "groupOfNames, group, univentionGroup, ipausergroup",
    format: "ldap-simple-attr-list",
    optional: 1,
    description: "Classes of groups.",
  },
  group_dn: { type: "string", maxLength: 256, optional: 1, description: "Where groups are searched." },
  group_filter: { type: "string", maxLength: 2048, optional: 1, description: "Which entries are groups." },
  group_name_attr: {
    type: "string",
    format: "ldap-simple-attr",
    maxLength: 256,
    optional: 1,
    description: "Attribute with a group's name.",
  },
  "groups-autocreate": {
    type: "boolean",
    default: 0,
    optional: 1,
    description: "Make groups that the provider names.",
  },
  "groups-claim": {
    type: "string",
    pattern: "(?:[A-Za-z0-9\\.\\-_]+)",
    maxLength: 256,
    optional: 1,
    description: "Claim with the groups.",
  },
  "groups-overwrite": { type: "boolean", default: 0, optional: 1, description: "The provider's groups replace ours." },
  "issuer-url": { type: "string", maxLength: 256, optional: 1, description: "The provider." },
  mode: {
    type: "string",
    enum: ["ldap", "ldaps", "ldap+starttls"],
    default: "ldap",
    optional: 1,
    description: "Protocol.",
  },
  password: { type: "string", optional: 1, description: "Password of who searches." },
  port: { type: "integer", minimum: 1, maximum: 65535, optional: 1, description: "Server's port." },
  prompt: {
    type: "string",
    pattern: "(?:none|login|consent|select_account|\\S+)",
    optional: 1,
    description: "What the provider asks of the user.",
  },
  "query-userinfo": { type: "boolean", default: 1, optional: 1, description: "Ask the provider for details." },
  scopes: { type: "string", default: "email profile", optional: 1, description: "What is asked of the provider." },
  secure: { type: "boolean", optional: 1, description: "Use TLS (older spelling of mode)." },
  server1: { type: "string", format: "address", maxLength: 256, optional: 1, description: "Server." },
  server2: { type: "string", format: "address", maxLength: 256, optional: 1, description: "Second server." },
  sslversion: {
    type: "string",
    enum: ["tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3"],
    optional: 1,
    description: "TLS version.",
  },
  "sync-defaults-options": {
    type: "string",
    format: "realm-sync-options",
    optional: 1,
    description: "Defaults of a synchronization.",
  },
  sync_attributes: {
    type: "string",
    pattern: "\\w+=[^,]+(,\\s*\\w+=[^,]+)*",
    optional: 1,
    description: "Which attributes become which fields.",
  },
  tfa: {
    type: "string",
    format: "pve-tfa-config",
    maxLength: 128,
    optional: 1,
    description: "Second factor that everyone needs.",
  },
  user_attr: {
    type: "string",
    pattern: "\\S{2,}",
    maxLength: 256,
    optional: 1,
    description: "Attribute with a user's name.",
  },
  user_classes: {
    type: "string",
    default: "inetorgperson, posixaccount, person, user",
    format: "ldap-simple-attr-list",
    optional: 1,
    description: "Classes of users.",
  },
  "username-claim": { type: "string", optional: 1, description: "Claim with the user's name." },
  verify: { type: "boolean", default: 0, optional: 1, description: "Check the server's certificate." },
} as const satisfies Properties;

const DIRECTORY = attributes([
  "bind_dn",
  "capath",
  "case-sensitive",
  "cert",
  "certkey",
  "comment",
  "default",
  "filter",
  "group_classes",
  "group_dn",
  "group_filter",
  "group_name_attr",
  "mode",
  "password",
  "port",
  "secure",
  "server2",
  "sslversion",
  "sync-defaults-options",
  "sync_attributes",
  "tfa",
  "user_classes",
  "verify",
]);
const LOCAL = { options: attributes(["comment", "default", "tfa"]) };

export const REALM_SCHEMA: SectionSchema = {
  shared: { ...REALM_PROPERTIES, id: { type: "string", format: "pve-realm", maxLength: 32 } },
  types: {
    ad: { options: { ...DIRECTORY, ...attributes(["base_dn", "user_attr"]), domain: {}, server1: {} } },
    ldap: { options: { ...DIRECTORY, base_dn: {}, server1: {}, user_attr: {} } },
    openid: {
      options: {
        ...attributes([
          "acr-values",
          "audiences",
          "autocreate",
          "client-key",
          "comment",
          "default",
          "groups-autocreate",
          "groups-claim",
          "groups-overwrite",
          "prompt",
          "query-userinfo",
          "scopes",
        ]),
        "client-id": {},
        "issuer-url": {},
        "username-claim": { optional: 1, fixed: 1 },
      },
    },
    pam: LOCAL,
    pve: LOCAL,
  },
};

export const REALM_TYPES = Object.keys(REALM_SCHEMA.types);
const DEFAULT_COMMENTS: Readonly<Record<string, string>> = {
  pam: "Linux PAM standard authentication",
  pve: "Users of this cluster",
};

export interface Realms {
  readonly sections: ReadonlyMap<string, Section>;
  readonly file: SectionFile;
}

export function parseRealms(snapshot: FileSnapshot | undefined): Realms {
  const text = snapshot?.data.toString("utf8") ?? "";
  const file = parseSections(REALM_SCHEMA, text, { fileName: DOMAINS_CONFIG });
  const sections = new Map(file.sections);
  for (const realm of ["pam", "pve"]) {
    if (sections.get(realm)?.type === realm) continue;
    sections.set(realm, { type: realm, values: { comment: DEFAULT_COMMENTS[realm] ?? "" } });
  }
  return { sections, file };
}
