/** `/storage`: the sections of storage.cfg. */
import { ApiError, notBuilt } from "../../rest/errors.ts";
import { defineMethod, type Method } from "../../rest/method.ts";
import type { Properties } from "../../rest/schema.ts";
import { splitList } from "../../rest/split-list.ts";
import type { StorageConfig } from "../config.ts";
import { addStorage, changeStorage, removeStorage } from "../config-changes.ts";
import { STORAGE_PROPERTIES, type StorageProperty } from "../properties.ts";
import { STORAGE_TYPE_NAMES, STORAGE_TYPES } from "../types.ts";
import { answering, contentText, requireBuilt } from "./answers.ts";
import type { StorageMethodDeps } from "./method-deps.ts";
import { STORAGE } from "./parameters.ts";
import { canSee } from "./permissions.ts";

const ALLOCATE = { check: ["perm", "/storage", ["Datastore.Allocate"]] } as const;
const TYPE = { type: "string", enum: STORAGE_TYPE_NAMES, description: "Storage type." } as const;

/** Properties that some type lets change. */
const CHANGEABLE: Properties = Object.fromEntries(
  Object.entries(STORAGE_PROPERTIES).filter(([name]) =>
    Object.values(STORAGE_TYPES).some(({ options }) => {
      const option = options[name as StorageProperty];
      return option !== undefined && option.fixed !== 1;
    }),
  ),
);

const CHANGED = {
  type: "object",
  properties: {
    storage: { type: "string" },
    type: { type: "string", enum: STORAGE_TYPE_NAMES },
    config: {
      type: "object",
      optional: 1,
      additionalProperties: 1,
      properties: { "encryption-key": { type: "string", optional: 1 } },
    },
  },
} as const;

export function configMethods(deps: StorageMethodDeps): Method[] {
  const { storages, cfs, log } = deps;
  return [
    defineMethod({
      path: "/storage",
      method: "GET",
      name: "index",
      description: "List the storages that the caller may see.",
      permissions: {
        user: "all",
        extra_checks_in_code: { privs: ["Datastore.AllocateSpace", "Datastore.Audit"], paths: ["/storage/<storage>"] },
      },
      parameters: { type: { ...TYPE, optional: 1, description: "Only storages of this type." } },
      returns: {
        type: "array",
        items: { type: "object", properties: { storage: { type: "string" } } },
        links: [{ rel: "child", href: "{storage}" }],
      },
      async handler({ type }, call) {
        const config = await storages.config();
        return [...config.entries.values()]
          .filter((entry) => (type === undefined || entry.type === type) && canSee(call, entry.storage))
          .map((entry) => describe(config, entry.storage));
      },
    }),
    defineMethod({
      path: "/storage/{storage}",
      method: "GET",
      name: "read",
      description: "The options of one storage.",
      permissions: { check: ["perm", "/storage/{storage}", ["Datastore.Allocate"]] },
      parameters: { storage: STORAGE },
      returns: { type: "object" },
      async handler({ storage }) {
        await storages.known(storage);
        return describe(await storages.config(), storage);
      },
    }),
    defineMethod({
      path: "/storage",
      method: "POST",
      name: "create",
      description: "Add a storage.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: { ...STORAGE_PROPERTIES, storage: STORAGE, type: TYPE } as Properties,
      returns: CHANGED,
      handler: (params) =>
        answering(async () => {
          const { storage, type, ...values } = params;
          requireBuilt(deps, String(type));
          await addStorage({ cfs, storages, log }, { storage: String(storage), type: String(type), values });
          log.info({ storage, type }, "storage added");
          return { storage, type };
        }),
    }),
    defineMethod({
      path: "/storage/{storage}",
      method: "PUT",
      name: "update",
      description: "Change the options of a storage.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: {
        ...CHANGEABLE,
        storage: STORAGE,
        delete: {
          type: "string",
          format: "pve-configid-list",
          maxLength: 4096,
          optional: 1,
          description: "Options to set back to their defaults.",
        },
        digest: { type: "string", maxLength: 64, optional: 1, description: "Refuse when the file has changed since." },
      } as Properties,
      returns: CHANGED,
      handler: (params) =>
        answering(async () => {
          const { storage, delete: removed, digest, ...values } = params;
          const entry = await storages.known(String(storage));
          refuseSecrets(entry.type, values);
          await changeStorage(
            { cfs, storages, log },
            {
              storage: String(storage),
              set: values,
              remove: typeof removed === "string" ? splitList(removed) : [],
              ...(typeof digest === "string" ? { digest } : {}),
            },
          );
          log.info({ storage }, "storage changed");
          return { storage, type: entry.type };
        }),
    }),
    defineMethod({
      path: "/storage/{storage}",
      method: "DELETE",
      name: "delete",
      description: "Remove a storage from the configuration; what lies on it stays.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: { storage: STORAGE },
      returns: { type: "null" },
      handler: ({ storage }) =>
        answering(async () => {
          await removeStorage({ cfs, storages, log }, storage);
          await deps.accessRecords?.forgetStorage(storage);
          log.info({ storage }, "storage removed");
          return null;
        }),
    }),
  ];
}

/** Secrets live with their plugins, which are not there yet. */
function refuseSecrets(type: string, values: Readonly<Record<string, unknown>>): void {
  const secret = STORAGE_TYPES[type]?.secrets?.find((name) => values[name] !== undefined);
  if (secret !== undefined) throw notBuilt(`'${secret}' of storage type '${type}'`);
}

/** A section as it is written, the default content said. */
function describe({ file, entries }: StorageConfig, storage: string): Record<string, unknown> {
  const entry = entries.get(storage);
  if (entry === undefined) throw new ApiError(500, `storage '${storage}' does not exist`);
  const written = file.sections.get(storage);
  const values = written?.type === entry.type ? { ...entry.options, ...written.values } : entry.options;
  const flags = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "boolean" ? Number(value) : value,
  ]);
  const content = typeof values.content === "string" ? values.content : contentText(entry);
  const digest = file.digest;
  const shared = entry.isShared ? { shared: 1 } : {};
  return { ...Object.fromEntries(flags), storage, type: entry.type, content, digest, ...shared };
}
