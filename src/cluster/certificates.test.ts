import { execFileSync, spawn } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { memoryClusterFs } from "../cfs/memory.ts";
import { silentLogger } from "../log/logger.ts";
import { findProgram } from "../os/find-program.ts";
import { CertificateUpkeep } from "./certificate-upkeep.ts";
import {
  AuthorityExpiresError,
  fingerprintOf,
  isLeafDue,
  makeAuthority,
  makeLeaf,
  type PemPair,
} from "./certificates.ts";
import { ensureNodeFiles } from "./node-files.ts";

const HAS_OPENSSL = findProgram("openssl") !== undefined;
const HAS_CURL = findProgram("curl") !== undefined;
const DAY_MS = 86_400_000;
const NOW = new Date();
const later = (days: number): Date => new Date(NOW.getTime() + days * DAY_MS);
let dir: string;
let ca: PemPair;
let leaf: PemPair;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "quorate-cert-"));
  ca = await makeAuthority(NOW);
  leaf = await makeLeaf({ nodeName: "n1", fqdn: "n1.example.net", address: "192.0.2.7", ca, now: NOW });
  writeFileSync(join(dir, "ca.pem"), ca.cert);
  writeFileSync(join(dir, "leaf.pem"), leaf.cert);
});
afterAll(() => rmSync(dir, { recursive: true }));

describe("certificates", () => {
  test.skipIf(!HAS_OPENSSL)("openssl accepts the chain strictly, for each name (skipped without openssl)", () => {
    const verify = (more: string[]): string =>
      execFileSync("openssl", [
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-CAfile",
        join(dir, "ca.pem"),
        ...more,
        join(dir, "leaf.pem"),
      ]).toString();
    for (const name of ["localhost", "n1", "n1.example.net"])
      expect(verify(["-verify_hostname", name])).toContain(": OK");
    for (const ip of ["127.0.0.1", "::1", "192.0.2.7"]) expect(verify(["-verify_ip", ip])).toContain(": OK");
    expect(() => verify(["-verify_hostname", "n2"])).toThrow();
  });

  test.skipIf(!HAS_CURL)(
    "curl trusts a server that has it, by the authority alone (skipped without curl)",
    async () => {
      const server = createServer({ cert: leaf.cert, key: leaf.key }, (_, response) => response.end("hello"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const { port } = server.address() as { port: number };
        const child = spawn("curl", ["-sS", "--cacert", join(dir, "ca.pem"), `https://localhost:${port}/`]);
        let text = "";
        child.stdout.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        expect(await new Promise((resolve) => child.once("close", resolve))).toBe(0);
        expect(text).toBe("hello");
      } finally {
        server.close();
      }
    },
  );

  test("names, lifetimes and sizes are those that tools expect", () => {
    const cert = new X509Certificate(leaf.cert);
    expect(cert.subject).toBe("OU=PVE Cluster Node\nO=Proxmox Virtual Environment\nCN=n1.example.net");
    expect(cert.ca).toBe(false);
    expect(cert.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    const days = (date: Date): number => Math.round((date.getTime() - NOW.getTime()) / DAY_MS);
    expect([days(cert.validFromDate), days(cert.validToDate)]).toEqual([-1, 729]);
    const authority = new X509Certificate(ca.cert);
    expect(authority.ca).toBe(true);
    expect(authority.subject).toMatch(/^CN=Proxmox Virtual Environment\nOU=[0-9a-f-]{36}\nO=PVE Cluster Manager CA$/);
    expect(authority.publicKey.asymmetricKeyDetails?.modulusLength).toBe(4096);
    expect(days(authority.validToDate)).toBe(3649);
    expect(BigInt(`0x${cert.serialNumber}`) >> 127n).toBe(0n);
    expect(fingerprintOf(leaf.cert)).toBe(cert.fingerprint256);
  });

  test("a leaf never outlives its authority, and an authority about to end signs nothing", async () => {
    const request = { nodeName: "n1", fqdn: "n1", address: "192.0.2.7", ca };
    const short = await makeLeaf({ ...request, now: later(3649 - 100) });
    const end = new X509Certificate(ca.cert).validToDate.getTime();
    expect(new X509Certificate(short.cert).validToDate.getTime()).toBeLessThan(end);
    await expect(makeLeaf({ ...request, now: later(3649 - 13) })).rejects.toThrow(AuthorityExpiresError);
  });

  test("a leaf is due two weeks before its end, of another authority, for another key, or unreadable", async () => {
    expect(isLeafDue(leaf, ca, NOW)).toBe(false);
    expect(isLeafDue(leaf, ca, later(729 - 15))).toBe(false);
    expect(isLeafDue(leaf, ca, later(729 - 13))).toBe(true);
    expect(isLeafDue(leaf, await makeAuthority(NOW), NOW)).toBe(true);
    expect(isLeafDue({ cert: leaf.cert, key: ca.key }, ca, NOW)).toBe(true);
    expect(isLeafDue({ cert: "nonsense", key: leaf.key }, ca, NOW)).toBe(true);
  });
});

describe("ensureNodeFiles", () => {
  test("makes what is missing, keeps what is good, renews what is about to end", async () => {
    const cfs = memoryClusterFs({
      nodeName: "n1",
      files: { "pve-root-ca.pem": ca.cert, "priv/pve-root-ca.key": ca.key },
    });
    const ensure = (now: Date): Promise<void> =>
      ensureNodeFiles({ cfs, fqdn: "n1.example.net", address: "192.0.2.7", now, log: silentLogger });
    const read = async (path: string): Promise<string> => (await cfs.read(path))?.data.toString() ?? "";
    await ensure(NOW);
    const first = { cert: await read("local/pve-ssl.pem"), key: await read("local/pve-ssl.key") };
    expect(isLeafDue(first, ca, NOW)).toBe(false);
    expect(createPrivateKey(first.key).asymmetricKeyType).toBe("rsa");
    expect(await cfs.list("nodes/n1/qemu-server")).toEqual([]);
    await ensure(later(100));
    expect(await read("local/pve-ssl.pem")).toBe(first.cert);
    await ensure(later(720));
    expect(await read("local/pve-ssl.pem")).not.toBe(first.cert);
    expect(await read("pve-root-ca.pem")).toBe(ca.cert);
  });
});

describe("a node that runs on", () => {
  const HOUR_MS = 3_600_000;
  const names = (): { fqdn: string; address: string } => ({ fqdn: "n1.example.net", address: "192.0.2.7" });
  const authority = (): Record<string, string> => ({ "pve-root-ca.pem": ca.cert, "priv/pve-root-ca.key": ca.key });
  const own = (pair: PemPair): Record<string, string> => ({
    "nodes/n1/pve-ssl.pem": pair.cert,
    "nodes/n1/pve-ssl.key": pair.key,
  });

  test("renews its certificate within an hour after it has become due, and not before", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1", files: { ...authority(), ...own(leaf) } });
    const cert = async (): Promise<string> => (await cfs.read("nodes/n1/pve-ssl.pem"))?.data.toString() ?? "";
    const renewed = new Promise<void>((resolve) => {
      cfs.watch((event) => event.kind === "file" && event.path === "nodes/n1/pve-ssl.pem" && resolve());
    });
    let now = later(729 - 15);
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const upkeep = new CertificateUpkeep({ cfs, now: () => now, names, log: silentLogger });
    try {
      vi.advanceTimersByTime(HOUR_MS);
      await upkeep.look();
      expect(await cert()).toBe(leaf.cert);
      now = later(729 - 13);
      vi.advanceTimersByTime(HOUR_MS);
      await renewed;
      const made = { cert: await cert(), key: (await cfs.read("nodes/n1/pve-ssl.key"))?.data.toString() ?? "" };
      expect(isLeafDue(made, ca, now)).toBe(false);
    } finally {
      vi.useRealTimers();
      await upkeep.stop();
    }
  });

  test("is looked at once at a time", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1", files: { ...authority(), ...own(leaf) } });
    let looks = 0;
    const now = (): Date => {
      looks += 1;
      return later(1);
    };
    const upkeep = new CertificateUpkeep({ cfs, now, names, log: silentLogger });
    await Promise.all([upkeep.look(), upkeep.look()]);
    expect(looks).toBe(1);
    await upkeep.look();
    expect(looks).toBe(2);
    await upkeep.stop();
  });

  test("says why it cannot, and tries again", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1", files: { ...authority(), ...own(leaf) } });
    const write = cfs.write.bind(cfs);
    const said: object[] = [];
    cfs.write = () => Promise.reject(new Error("no quorum"));
    const log = { ...silentLogger, error: (fields: object) => void said.push(fields) };
    const upkeep = new CertificateUpkeep({ cfs, now: () => later(720), names, log });
    await upkeep.look();
    expect(said).toEqual([{ reason: "no quorum" }]);
    cfs.write = write;
    await upkeep.look();
    expect((await cfs.read("nodes/n1/pve-ssl.pem"))?.data.toString()).not.toBe(leaf.cert);
    await upkeep.stop();
  });
});
