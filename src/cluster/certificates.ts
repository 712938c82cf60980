/** The node's own certificate authority and the certificates that it signs. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  randomUUID,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);
const CA_BITS = 4096;
const LEAF_BITS = 2048;
const CA_DAYS = 3650;
const MAX_LEAF_DAYS = 730;
const DAY_MS = 86_400_000;
/** A certificate that ends sooner is renewed. */
const RENEW_WITHIN_DAYS = 14;
const SERIAL_BYTES = 16;
const HASH = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

export interface LeafRequest {
  readonly nodeName: string;
  /** With domain, where there is one. */
  readonly fqdn: string;
  readonly address: string;
  readonly ca: PemPair;
  readonly now: Date;
}

/** Loaded on first use: certificates are made rarely, and the library is large. */
async function library(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  return x509;
}

async function makeKey(bits: number): Promise<string> {
  const { privateKey } = await generate("rsa", {
    modulusLength: bits,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return privateKey;
}

async function toWebKeys(key: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const { subtle } = webcrypto;
  const privateDer = key.export({ type: "pkcs8", format: "der" });
  const publicDer = createPublicKey(key as never).export({ type: "spki", format: "der" });
  return {
    privateKey: await subtle.importKey("pkcs8", privateDer, HASH, true, ["sign"]),
    publicKey: await subtle.importKey("spki", publicDer, HASH, true, ["verify"]),
  };
}

/** A positive number that nobody guesses. */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

export async function makeAuthority(now: Date): Promise<PemPair> {
  const x509 = await library();
  const key = await makeKey(CA_BITS);
  const keys = await toWebKeys(createPrivateKey(key));
  const from = new Date(now.getTime() - DAY_MS);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=Proxmox Virtual Environment, OU=${randomUUID()}, O=PVE Cluster Manager CA`,
    notBefore: from,
    notAfter: new Date(from.getTime() + CA_DAYS * DAY_MS),
    signingAlgorithm: HASH,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${cert.toString("pem")}\n`, key };
}

/** The CA itself ends too soon to sign anything. */
export class AuthorityExpiresError extends Error {
  constructor() {
    super("CA expires in less than 2 weeks, unable to generate certificate.");
  }
}

/** @throws AuthorityExpiresError */
export async function makeLeaf({ nodeName, fqdn, address, ca, now }: LeafRequest): Promise<PemPair> {
  const x509 = await library();
  const caDaysLeft = daysLeft(ca.cert, now);
  if (caDaysLeft < RENEW_WITHIN_DAYS) throw new AuthorityExpiresError();
  const key = await makeKey(LEAF_BITS);
  const keys = await toWebKeys(createPrivateKey(key));
  const authority = new x509.X509Certificate(ca.cert);
  const caKeys = await toWebKeys(createPrivateKey(ca.key));
  const names = new Set([nodeName, fqdn]);
  const addresses = new Set(["127.0.0.1", "::1", address]);
  const from = new Date(now.getTime() - DAY_MS);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: `OU=PVE Cluster Node, O=Proxmox Virtual Environment, CN=${fqdn}`,
    issuer: authority.subject,
    notBefore: from,
    notAfter: new Date(from.getTime() + Math.min(MAX_LEAF_DAYS, caDaysLeft - 2) * DAY_MS),
    signingAlgorithm: HASH,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1"]),
      new x509.SubjectAlternativeNameExtension([
        ...[...addresses].map((value) => ({ type: "ip" as const, value })),
        { type: "dns" as const, value: "localhost" },
        ...[...names].map((value) => ({ type: "dns" as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  return { cert: `${cert.toString("pem")}\n`, key };
}

function daysLeft(pem: string, now: Date): number {
  return (new X509Certificate(pem).validToDate.getTime() - now.getTime()) / DAY_MS;
}

/** Whether a node's certificate is to be made anew: unreadable, by another CA, for another key, or about to end. */
export function isLeafDue(leaf: PemPair, ca: { readonly cert: string }, now: Date): boolean {
  let cert: X509Certificate;
  try {
    cert = new X509Certificate(leaf.cert);
    if (!cert.checkPrivateKey(createPrivateKey(leaf.key))) return true;
  } catch {
    // Not readable: as good as missing.
    return true;
  }
  return !cert.checkIssued(new X509Certificate(ca.cert)) || daysLeft(leaf.cert, now) < RENEW_WITHIN_DAYS;
}

/** SHA-256 of the certificate, upper-case hex pairs with colons. */
export function fingerprintOf(pem: string): string {
  const hex = createHash("sha256").update(new X509Certificate(pem).raw).digest("hex").toUpperCase();
  return hex.match(/../g)?.join(":") ?? "";
}
