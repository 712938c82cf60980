import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { CfsEvent, ClusterInfo, FileSnapshot } from "../cfs/port.ts";
import { silentLogger } from "../log/logger.ts";
import { testIdentity } from "../rest/rest.testing.ts";
import { type IdentityFiles, readIdentity, resolveNode, waitForIdentity, watchIdentity } from "./node-identity.ts";

class Files implements IdentityFiles {
  readonly nodeName = "n1";
  readonly #files = new Map<string, Buffer>();
  readonly #listeners = new Set<(event: CfsEvent) => void>();

  put(path: string, data: string | Buffer): void {
    this.#files.set(path, Buffer.from(data));
    for (const listener of this.#listeners) listener({ kind: "file", path });
  }

  async read(path: string): Promise<FileSnapshot | undefined> {
    const data = this.#files.get(path);
    return data && { data, digest: "", mtime: 0, version: 0n };
  }

  watch(listener: (event: CfsEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async info(): Promise<ClusterInfo> {
    const members = [{ name: "n2", id: 2, online: true, ip: "192.0.2.2" }];
    return { nodeName: "n1", isQuorate: true, cluster: { name: "c", version: 1, members } };
  }
}

describe("the identity of a node", () => {
  test("an uploaded certificate goes before the node's own, but only with its key", async () => {
    const files = new Files();
    expect(await readIdentity(files)).toBeUndefined();
    files.put("nodes/n1/pve-ssl.pem", "own");
    files.put("nodes/n1/pve-ssl.key", "own key");
    files.put("nodes/n1/pveproxy-ssl.pem", "other");
    expect(String((await readIdentity(files))?.cert)).toBe("own");
    files.put("nodes/n1/pveproxy-ssl.key", "other key");
    expect(String((await readIdentity(files))?.cert)).toBe("other");
  });

  test("is waited for while the first start makes it", async () => {
    const files = new Files();
    const waiting = waitForIdentity(files, 5_000);
    files.put("nodes/n1/pve-ssl.pem", "own");
    files.put("nodes/n1/pve-ssl.key", "own key");
    expect(String((await waiting).key)).toBe("own key");
  });

  test("that never comes is an error", async () => {
    await expect(waitForIdentity(new Files(), 10)).rejects.toThrow("node 'n1' has no certificate");
  });

  test("changes are told, those of other files are not", () => {
    const files = new Files();
    let changes = 0;
    const unwatch = watchIdentity(files, () => {
      changes += 1;
    });
    files.put("nodes/n1/qemu-server/100.conf", "");
    files.put("nodes/n2/pve-ssl.pem", "");
    expect(changes).toBe(0);
    files.put("nodes/n1/pve-ssl.pem", "");
    expect(changes).toBe(1);
    unwatch();
    files.put("nodes/n1/pve-ssl.pem", "");
    expect(changes).toBe(1);
  });
});

describe("another node", () => {
  test("is known by its address and the fingerprint of its certificate", async () => {
    const files = new Files();
    const { cert } = testIdentity();
    files.put("nodes/n2/pve-ssl.pem", Buffer.from(cert));
    const { fingerprint256 } = new X509Certificate(cert);
    expect(await resolveNode(files, "n2", silentLogger)).toEqual({
      host: "192.0.2.2",
      port: 8006,
      fingerprint: fingerprint256,
    });
  });

  test("that is no member has no address", async () => {
    await expect(resolveNode(new Files(), "n9", silentLogger)).rejects.toThrow(/^hostname lookup 'n9' failed - /);
  });
});
