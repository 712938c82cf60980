/** From what storages say to answers of the API. */
import { ApiError, notBuilt, parameterError } from "../../rest/errors.ts";
import { SectionDigestError, SectionUpdateError } from "../../section-config/index.ts";
import { StorageTypeNotBuiltError } from "../errors.ts";
import type { StorageEntry } from "../port.ts";
import type { StorageMethodDeps } from "./method-deps.ts";

/** Runs `work`; what this release does not do becomes 501, a wrong option 400. */
export async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StorageTypeNotBuiltError) throw new ApiError(501, error.message, undefined, { cause: error });
    if (error instanceof SectionUpdateError) throw parameterError({ [error.parameter]: error.message });
    if (error instanceof SectionDigestError) throw new ApiError(500, error.message, undefined, { cause: error });
    throw error;
  }
}

/** @throws ApiError 501 for types whose plugin is not there. */
export function requireBuilt(deps: StorageMethodDeps, type: string): void {
  if (!deps.storages.isBuilt(type)) throw notBuilt(`storage type '${type}'`);
}

export function contentText(entry: StorageEntry): string {
  return entry.content.size === 0 ? "none" : [...entry.content].sort().join(",");
}
