/** Numeric ids of a local account, from the account file (passwd(5)); accounts of directory services are not asked for. */
import { readFileSync } from "node:fs";

export interface AccountIds {
  readonly uid: number;
  readonly gid: number;
}

/** @returns undefined when there is no such account. */
export function accountIds(name: string, passwdPath = "/etc/passwd"): AccountIds | undefined {
  for (const line of readFileSync(passwdPath, "utf8").split("\n")) {
    const [user, , uid, gid] = line.split(":");
    if (user === name && uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
