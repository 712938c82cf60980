/** The types that storage.cfg may name and this release cannot use: they are listed, inactive, and refuse all work. */
import { StorageTypeNotBuiltError } from "./errors.ts";
import type { StoragePlugin } from "./plugin.ts";
import type { StorageEntry, StorageStatus } from "./port.ts";

const INACTIVE: StorageStatus = { total: 0, used: 0, avail: 0, active: false };

function refuse({ storage, type }: StorageEntry): never {
  throw new StorageTypeNotBuiltError(storage, type);
}

export const unbuiltPlugin: StoragePlugin = {
  parseVolname: refuse,
  pathOf: refuse,
  status: async () => INACTIVE,
  activate: async (entry) => refuse(entry),
  allocate: async (entry) => refuse(entry),
  free: async (entry) => refuse(entry),
  resize: async (entry) => refuse(entry),
  info: async (entry) => refuse(entry),
  list: async (entry) => refuse(entry),
  attributes: async (entry) => refuse(entry),
  setAttributes: async (entry) => refuse(entry),
};
