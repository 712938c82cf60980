/** The files below `priv/` that hold secrets of users: password hashes, token values, second factors. Root only. */
import { randomUUID } from "node:crypto";
import type { ClusterFs } from "../cfs/port.ts";
import { compareBytes } from "./names.ts";

const SHADOW = "priv/shadow.cfg";
const TOKENS = "priv/token.cfg";
export const FACTORS = "priv/tfa.cfg";

/** Password hashes of the users of realm `pve`, by user name without realm. */
export class ShadowFile {
  readonly #cfs: ClusterFs;

  constructor(cfs: ClusterFs) {
    this.#cfs = cfs;
  }

  async hashOf(user: string): Promise<string | undefined> {
    return parseShadow(await textOf(this.#cfs, SHADOW)).get(user);
  }

  /** @param hash undefined removes the user's password. */
  async set(user: string, hash: string | undefined): Promise<void> {
    await changeLines(this.#cfs, SHADOW, (text) => {
      const hashes = parseShadow(text);
      if (hash === undefined) hashes.delete(user);
      else hashes.set(user, hash);
      return [...hashes].map(([name, value]) => `${name}:${value}:\n`).join("");
    });
  }
}

export function parseShadow(text: string): Map<string, string> {
  const hashes = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [user, hash] = line.split(":");
    if (user && hash) hashes.set(user, hash);
  }
  return hashes;
}

/** Values of API tokens. */
export class TokenFile {
  readonly #cfs: ClusterFs;

  constructor(cfs: ClusterFs) {
    this.#cfs = cfs;
  }

  /** @returns the new value, which is shown once. */
  async renew(tokenid: string): Promise<string> {
    const value = randomUUID();
    await this.#change((tokens) => tokens.set(tokenid, value));
    return value;
  }

  async remove(tokenids: readonly string[]): Promise<void> {
    if (tokenids.length === 0) return;
    await this.#change((tokens) => {
      for (const tokenid of tokenids) tokens.delete(tokenid);
    });
  }

  async #change(edit: (tokens: Map<string, string>) => void): Promise<void> {
    await changeLines(this.#cfs, TOKENS, (text) => {
      const tokens = new Map<string, string>();
      for (const line of text.split("\n")) {
        const [tokenid, value] = line.split(" ");
        if (tokenid && value) tokens.set(tokenid, value);
      }
      edit(tokens);
      const sorted = [...tokens].sort(([a], [b]) => compareBytes(a, b));
      return sorted.map(([tokenid, value]) => `${tokenid} ${value}\n`).join("");
    });
  }
}

/** Whether an account has a second factor. A file that cannot be understood counts as "everybody has". */
export async function hasSecondFactor(cfs: ClusterFs, userid: string): Promise<boolean> {
  const text = (await textOf(cfs, FACTORS)).trim();
  if (text === "") return false;
  if (!text.startsWith("{")) return text.split("\n").some((line) => line.startsWith(`${userid}:`));
  const users = usersOf(text);
  if (typeof users !== "object" || users === null || Array.isArray(users)) return true;
  const entry = Object.hasOwn(users, userid) ? (users as Record<string, unknown>)[userid] : {};
  if (typeof entry !== "object" || entry === null) return true;
  return Object.values(entry).some((factor) => (Array.isArray(factor) ? factor.some(isEnabled) : Boolean(factor)));
}

function isEnabled(factor: { readonly info?: { readonly enable?: unknown } } | null): boolean {
  return factor?.info?.enable !== false;
}

function usersOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "users" in value ? value.users : undefined;
  } catch {
    // Damaged: the caller takes it as "everybody has one", so that nobody gets in with half of a login.
    return undefined;
  }
}

async function textOf(cfs: ClusterFs, path: string): Promise<string> {
  return (await cfs.read(path))?.data.toString("utf8") ?? "";
}

async function changeLines(cfs: ClusterFs, path: string, edit: (text: string) => string): Promise<void> {
  await cfs.lock(`file-${path.replaceAll(/[./]/g, "_")}`, async () => {
    const file = await cfs.read(path);
    await cfs.write(path, edit(file?.data.toString("utf8") ?? ""), { ifDigest: file?.digest ?? null });
  });
}
