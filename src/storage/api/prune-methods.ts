/** `/nodes/{node}/storage/{storage}/prunebackups`: what a retention rule would remove, and removing it. */
import { ApiError, parameterError } from "../../rest/errors.ts";
import { defineMethod, type Method } from "../../rest/method.ts";
import { parsePruneRules } from "../config.ts";
import type { PruneRules } from "../prune.ts";
import { planOf } from "../prune-storage.ts";
import { answering } from "./answers.ts";
import type { StorageMethodDeps } from "./method-deps.ts";
import { given, NODE, STORAGE, VMID_OPTIONAL } from "./parameters.ts";
import { authidOf, STORAGE_VISIBLE } from "./permissions.ts";

const PARAMETERS = {
  node: NODE,
  storage: STORAGE,
  "prune-backups": {
    type: "string",
    format: "prune-backups",
    optional: 1,
    description: "Rules that hold instead of the storage's.",
  },
  type: { type: "string", enum: ["qemu", "lxc"], optional: 1, description: "Only backups of this kind of guest." },
  vmid: { ...VMID_OPTIONAL, description: "Only backups of this guest." },
} as const;

export function pruneMethods(deps: StorageMethodDeps): Method[] {
  const { storages, tasks } = deps;
  return [
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/prunebackups",
      method: "GET",
      name: "dryrun",
      description: "Tell what pruning would do.",
      protected: 1,
      proxyto: "node",
      permissions: STORAGE_VISIBLE,
      parameters: PARAMETERS,
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            volid: { type: "string" },
            ctime: { type: "integer" },
            mark: { type: "string", enum: ["keep", "remove", "protected", "renamed"] },
            type: { type: "string" },
            vmid: { type: "integer", optional: 1 },
          },
        },
      },
      handler: ({ storage, "prune-backups": text, type, vmid }) =>
        answering(async () =>
          planOf(storages, { storage, rules: await rulesFor(deps, storage, text), ...given({ type, vmid }) }),
        ),
    }),
    defineMethod({
      path: "/nodes/{node}/storage/{storage}/prunebackups",
      method: "DELETE",
      name: "delete",
      description: "Remove the backups that the rules do not keep.",
      protected: 1,
      proxyto: "node",
      permissions: {
        user: "all",
        extra_checks_in_code: { privs: ["Datastore.Allocate", "Datastore.AllocateSpace", "VM.Backup"] },
      },
      parameters: PARAMETERS,
      returns: { type: "string" },
      handler: ({ storage, "prune-backups": text, type, vmid }, call) =>
        answering(async () => {
          const path = `/storage/${storage}`;
          if (!call.can(path, ["Datastore.Allocate"])) {
            call.check(path, ["Datastore.AllocateSpace"]);
            // Without a guest the rule is for everybody's backups.
            if (vmid === undefined) call.check(path, ["Datastore.Allocate"]);
            else call.check(`/vms/${vmid}`, ["VM.Backup"]);
          }
          const rules = await rulesFor(deps, storage, text);
          const id = `${vmid === undefined ? "" : `${vmid}@`}${storage}`;
          const args = { storage, rules: { ...rules }, ...given({ type, vmid }) };
          return tasks.start({ type: "prunebackups", id, authid: authidOf(call), args });
        }),
    }),
  ];
}

async function rulesFor(
  { storages }: StorageMethodDeps,
  storage: string,
  text: string | undefined,
): Promise<PruneRules> {
  const entry = await storages.entry(storage);
  const set = text ?? entry.options["prune-backups"];
  if (typeof set !== "string") {
    throw new ApiError(500, `no prune-backups options configured for storage '${storage}'`);
  }
  const rules = parsePruneRules(set);
  if (rules === undefined) throw parameterError({ "prune-backups": "invalid format" });
  return rules;
}
