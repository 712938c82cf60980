/** What this node says of its version: the API level that clients look at, and the release by content. */
export interface ReleaseInfo {
  /** Clients compare it with the API's history. */
  readonly version: string;
  readonly release: string;
  /** Hex digits. */
  readonly repoid: string;
}

/** The API level that this program speaks. */
const API_VERSION = "9.2.1";
const API_RELEASE = "9.2";

/** @param releaseId hex digits that name the code. */
export function releaseInfo(releaseId: string): ReleaseInfo {
  return { version: API_VERSION, release: API_RELEASE, repoid: releaseId };
}
