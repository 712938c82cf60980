/** Parameters that many methods of a VM share. */
import { notBuilt } from "../../../rest/errors.ts";
import type { Properties } from "../../../rest/schema.ts";

export const node = { type: "string", format: "pve-node", description: "Name of the node." } as const;
export const vmid = {
  type: "integer",
  format: "pve-vmid",
  minimum: 100,
  maximum: 999_999_999,
  description: "Id of the VM.",
} as const;
export const digest = {
  type: "string",
  maxLength: 40,
  optional: 1,
  description: "Refuse when the config is not the one with this SHA-1.",
} as const;
export const skiplock = {
  type: "boolean",
  optional: 1,
  description: "Do not look at the VM's lock; for root only.",
} as const;

/**
 * A parameter that is not looked at must not look as if it was. Values that ask for nothing are fine.
 * @throws ApiError 501 naming the first one that asks for something.
 */
export function refuseUnbuilt(params: Readonly<Record<string, unknown>>, names: readonly string[], what: string): void {
  for (const name of names) {
    const value = params[name];
    if (value !== undefined && value !== false && value !== 0) throw notBuilt(`${what} with '${name}'`);
  }
}

/** What changes of the config take beside the options. */
export const changeControl = {
  node,
  vmid,
  digest,
  skiplock,
  delete: {
    type: "string",
    format: "pve-configid-list",
    optional: 1,
    description: "Options to remove.",
  },
  revert: {
    type: "string",
    format: "pve-configid-list",
    optional: 1,
    description: "Options whose pending change is dropped.",
  },
  force: {
    type: "boolean",
    requires: "delete",
    optional: 1,
    description: "Remove the volumes of deleted drives too, instead of keeping them as unused.",
  },
} as const satisfies Properties;
