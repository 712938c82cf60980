import { afterEach, expect, test } from "vitest";
import { makeWorld, type World } from "../access/access-world.testing.ts";
import { memoryClusterFs } from "../cfs/memory.ts";
import { ensureNodeFiles, fingerprintOf } from "../cluster/index.ts";
import { silentLogger } from "../log/logger.ts";
import { certificateMethods } from "./certificate-methods.ts";

let world: World;
afterEach(() => world.close());

test("the certificates of a node are told with what is public of them", async () => {
  const cfs = memoryClusterFs({ nodeName: "n1" });
  world = makeWorld({ otherMethods: certificateMethods({ cfs }) });
  expect((await world.call("GET", "/nodes/n1/certificates/info")).data).toEqual([]);
  await ensureNodeFiles({ cfs, fqdn: "n1.example.net", address: "192.0.2.7", now: new Date(), log: silentLogger });
  const [authority, leaf, ...others] = (await world.call("GET", "/nodes/n1/certificates/info")).data as Record<
    string,
    unknown
  >[];
  expect(others).toEqual([]);
  expect(authority).toMatchObject({ filename: "pve-root-ca.pem", "public-key-type": "rsa", "public-key-bits": 4096 });
  expect(authority?.issuer).toBe(authority?.subject);
  const pem = (await cfs.read("local/pve-ssl.pem"))?.data.toString() ?? "";
  expect(leaf).toMatchObject({
    filename: "pve-ssl.pem",
    subject: "/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN=n1.example.net",
    issuer: authority?.subject,
    fingerprint: fingerprintOf(pem),
    "public-key-bits": 2048,
    pem,
  });
  expect([...((leaf?.san ?? []) as string[])].sort()).toEqual(
    ["0:0:0:0:0:0:0:1", "127.0.0.1", "192.0.2.7", "localhost", "n1", "n1.example.net"].sort(),
  );
  expect(Number(leaf?.notafter) - Number(leaf?.notbefore)).toBe(730 * 86_400);
  expect((await world.call("GET", "/nodes/n1/certificates/info", {}, "")).status).toBe(401);
  await cfs.write("nodes/n1/pveproxy-ssl.pem", "nonsense");
  expect(await world.call("GET", "/nodes/n1/certificates/info")).toMatchObject({
    status: 500,
    reason: expect.stringContaining("cannot read nodes/n1/pveproxy-ssl.pem: "),
  });
});
