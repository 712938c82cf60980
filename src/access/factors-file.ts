/**
 * Second factors as `priv/tfa.cfg` holds them: listing, renaming, switching off and removing. Checking one at a login is
 * not part of this release, so neither is adding one. Whatever of the file is not understood is kept.
 */
import type { ClusterFs } from "../cfs/port.ts";
import { QuorateError } from "../errors/quorate-error.ts";
import { FACTORS } from "./secret-files.ts";

export const FACTOR_TYPES = ["totp", "u2f", "webauthn", "recovery", "yubico"] as const;
export type FactorType = (typeof FACTOR_TYPES)[number];

export interface Factor {
  readonly id: string;
  readonly type: FactorType;
  readonly description: string;
  /** Epoch seconds. */
  readonly created: number;
  readonly isEnabled: boolean;
}

export interface UserFactors {
  readonly userid: string;
  readonly entries: readonly Factor[];
  readonly isTotpLocked: boolean;
  /** Epoch seconds. */
  readonly lockedUntil: number | undefined;
}

/** The file is damaged, or of a format from before the present one. */
export class FactorsFileError extends QuorateError {
  readonly code = "factors-file";
}

type Json = Record<string, unknown>;
const RECOVERY = "recovery";

export class FactorsFile {
  readonly #cfs: ClusterFs;

  constructor(cfs: ClusterFs) {
    this.#cfs = cfs;
  }

  /** @throws FactorsFileError */
  async all(): Promise<UserFactors[]> {
    const users = parseFactors((await this.#cfs.read(FACTORS))?.data.toString("utf8") ?? "");
    return Object.entries(users).map(([userid, entry]) => describeUser(userid, entry));
  }

  async of(userid: string): Promise<UserFactors> {
    const found = (await this.all()).find((user) => user.userid === userid);
    return found ?? { userid, entries: [], isTotpLocked: false, lockedUntil: undefined };
  }

  /** @returns false when there is no such factor. */
  async update(userid: string, id: string, set: { description?: string; enable?: boolean }): Promise<boolean> {
    return await this.#change((users) => {
      const info = entriesOf(users[userid]).find(({ info }) => info.id === id)?.info;
      if (info === undefined) return false;
      if (set.description !== undefined) info.description = set.description;
      if (set.enable === false) info.enable = false;
      else if (set.enable === true) delete info.enable;
      return true;
    });
  }

  /** @returns what is left, or undefined when there is no such factor. */
  async remove(userid: string, id: string): Promise<number | undefined> {
    return await this.#change((users) => {
      const user = users[userid];
      if (user === undefined || !describeUser(userid, user).entries.some((entry) => entry.id === id)) return undefined;
      if (id === RECOVERY) delete user.recovery;
      for (const type of FACTOR_TYPES) {
        const list = user[type];
        if (!Array.isArray(list)) continue;
        const left = list.filter((entry: unknown) => infoOf(entry)?.id !== id);
        if (left.length > 0) user[type] = left;
        else delete user[type];
      }
      const left = describeUser(userid, user).entries.length;
      if (left === 0) delete users[userid];
      return left;
    });
  }

  /** Removes everything of a user. */
  async forget(userid: string): Promise<void> {
    if ((await this.#cfs.read(FACTORS)) === undefined) return;
    await this.#change((users) => delete users[userid]);
  }

  /** @returns whether anything was locked. */
  async unlock(userid: string): Promise<boolean> {
    return await this.#change((users) => {
      const user = users[userid];
      if (user === undefined || (user["totp-locked"] === undefined && user["tfa-locked-until"] === undefined))
        return false;
      delete user["totp-locked"];
      delete user["tfa-locked-until"];
      return true;
    });
  }

  async #change<T>(edit: (users: Record<string, Json>) => T): Promise<T> {
    return await this.#cfs.lock(`file-${FACTORS.replaceAll(/[./]/g, "_")}`, async () => {
      const file = await this.#cfs.read(FACTORS);
      const before = file?.data.toString("utf8") ?? "";
      const users = parseFactors(before);
      const result = edit(users);
      const others = before.trim() === "" ? {} : (JSON.parse(before) as Json);
      const after = `${JSON.stringify({ ...others, users })}\n`;
      await this.#cfs.write(FACTORS, after, { ifDigest: file?.digest ?? null });
      return result;
    });
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws FactorsFileError */
export function parseFactors(text: string): Record<string, Json> {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FactorsFileError(`cannot read ${FACTORS}: it is damaged, or of an older format`, { cause });
  }
  const users = isObject(value) ? value.users : undefined;
  if (!isObject(users)) throw new FactorsFileError(`cannot read ${FACTORS}: it has no users`);
  return Object.fromEntries(Object.entries(users).filter((entry): entry is [string, Json] => isObject(entry[1])));
}

function infoOf(entry: unknown): Json | undefined {
  return isObject(entry) && isObject(entry.info) && typeof entry.info.id === "string" ? entry.info : undefined;
}

function entriesOf(user: Json | undefined): { type: FactorType; info: Json }[] {
  if (user === undefined) return [];
  return FACTOR_TYPES.flatMap((type) => {
    const list: unknown = user[type];
    if (!Array.isArray(list)) return [];
    return list.flatMap((entry: unknown) => {
      const info = infoOf(entry);
      return info === undefined ? [] : [{ type, info }];
    });
  });
}

function describeUser(userid: string, user: Json): UserFactors {
  const entries: Factor[] = entriesOf(user).map(({ type, info }) => ({
    id: String(info.id),
    type,
    description: String(info.description ?? ""),
    created: Number(info.created ?? 0),
    isEnabled: info.enable !== false,
  }));
  if (isObject(user.recovery)) {
    const created = Number(user.recovery.created ?? 0);
    entries.push({ id: RECOVERY, type: RECOVERY, description: "", created, isEnabled: true });
  }
  const until = user["tfa-locked-until"];
  return {
    userid,
    entries,
    isTotpLocked: user["totp-locked"] === true,
    lockedUntil: typeof until === "number" ? until : undefined,
  };
}
