/** The cluster's keys: made when they are missing, rotated when they are old, under a cluster lock. */
import { createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { ClusterFs, FileSnapshot } from "../cfs/port.ts";
import type { TicketKeys } from "./tickets.ts";

export const PUBLIC_KEY = "authkey.pub";
export const OLD_PUBLIC_KEY = "authkey.pub.old";
export const PRIVATE_KEY = "priv/authkey.key";
export const WWW_KEY = "pve-www.key";

const KEY_BITS = 2048;
const KEY_LIFETIME_S = 24 * 3600;
const MAX_FUTURE_S = 5 * 60;
const TICKET_LIFETIME_S = 2 * 3600;
const generate = promisify(generateKeyPair);

async function makePair(): Promise<{ publicKey: string; privateKey: string }> {
  return await generate("rsa", {
    modulusLength: KEY_BITS,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
}

export function parsePublicKey(file: FileSnapshot | undefined): { key: KeyObject; since: number } | undefined {
  return file === undefined ? undefined : { key: createPublicKey(file.data), since: file.mtime };
}

/** Whether a key made at `since` is due, given when the one before was put aside. */
export function isDue(since: number, previousSince: number | undefined, now: number): boolean {
  if (now - since > KEY_LIFETIME_S) return true;
  if (since - now <= MAX_FUTURE_S) return false;
  // The clock was wrong. While tickets of the key before are still about, it must not be pushed out.
  return previousSince === undefined || now - previousSince > TICKET_LIFETIME_S;
}

/** Makes what is missing, and a new signing key when the present one is due. */
export async function ensureKeys(cfs: ClusterFs, now: number): Promise<void> {
  if ((await cfs.read(WWW_KEY)) === undefined) {
    await cfs.lock("authkey", async () => {
      if ((await cfs.read(WWW_KEY)) === undefined) await cfs.write(WWW_KEY, (await makePair()).privateKey);
    });
  }
  if (!(await needsRotation(cfs, now))) return;
  await cfs.lock("authkey", async () => {
    if (!(await needsRotation(cfs, now))) return;
    const [before, older, privateBefore] = await readKeys(cfs);
    const { publicKey, privateKey } = await makePair();
    // A rotation that was cut off left a public key that never signed: what did sign before it stays the previous one.
    const wasCutOff = older !== undefined && isPair(privateBefore, older);
    if (before !== undefined && !wasCutOff) await cfs.write(OLD_PUBLIC_KEY, before.data);
    await cfs.write(PUBLIC_KEY, publicKey);
    await cfs.write(PRIVATE_KEY, privateKey);
  });
}

function readKeys(
  cfs: ClusterFs,
): Promise<[FileSnapshot | undefined, FileSnapshot | undefined, FileSnapshot | undefined]> {
  return Promise.all([cfs.read(PUBLIC_KEY), cfs.read(OLD_PUBLIC_KEY), cfs.read(PRIVATE_KEY)]);
}

async function needsRotation(cfs: ClusterFs, now: number): Promise<boolean> {
  const [current, previous, privateKey] = await readKeys(cfs);
  return current === undefined || !isPair(privateKey, current) || isDue(current.mtime, previous?.mtime, now);
}

function isPair(privateKey: FileSnapshot | undefined, publicKey: FileSnapshot): boolean {
  if (privateKey === undefined) return false;
  try {
    return createPublicKey(privateKey.data).equals(createPublicKey(publicKey.data));
  } catch {
    // Not readable as a key: as good as missing.
    return false;
  }
}

export function ticketKeys(
  current: FileSnapshot | undefined,
  previous: FileSnapshot | undefined,
): TicketKeys | undefined {
  const now = parsePublicKey(current);
  const before = parsePublicKey(previous);
  return now === undefined ? undefined : { current: now, ...(before === undefined ? {} : { previous: before }) };
}
