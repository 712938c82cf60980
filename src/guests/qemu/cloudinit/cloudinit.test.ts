import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryStorages } from "../../../storage/port.testing.ts";
import { parseVmConfig } from "../config.ts";
import { TestNode } from "../world.testing.ts";
import { trackChanges } from "./changes.ts";
import { CloudinitDrives, parseResolvConf } from "./drive.ts";
import { cloudinitImage, cloudinitParts } from "./files.ts";
import { cloudinitSettings, dottedNetmask } from "./settings.ts";

const host = { nameservers: ["192.0.2.53"], searchDomains: ["example.test"] };

function partsOf(text: string) {
  const { current } = parseVmConfig(text, { vmid: 100, strict: true });
  const settings = cloudinitSettings(100, current, host);
  return { settings, ...cloudinitParts(settings) };
}

const CARD = "net0: virtio=BC:24:11:00:00:0A,bridge=vmbr0\n";

describe("user data", () => {
  test("has everything in its place", () => {
    const text = "name: web\nciuser: nina\ncipassword: $5$x$y\nsshkeys: ssh-ed25519%20AAA%20a%0A%0Assh-rsa%20BBB\n";
    expect(partsOf(text).user).toBe(`#cloud-config
hostname: web
manage_etc_hosts: true
fqdn: web.example.test
user: nina
password: $5$x$y
ssh_authorized_keys:
  - ssh-ed25519 AAA a
  - ssh-rsa BBB
chpasswd:
  expire: False
users:
  - default
package_upgrade: true
`);
  });

  test("root is enabled, a name with a dot is the whole one, upgrades can be off", () => {
    expect(partsOf("name: a.b.c\nciuser: root\nciupgrade: 0\n").user).toBe(`#cloud-config
hostname: a
manage_etc_hosts: true
fqdn: a.b.c
user: root
disable_root: False
chpasswd:
  expire: False
`);
  });
});

describe("network", () => {
  test("NoCloud: static and generated addresses, DNS of the VM", () => {
    const text = `${CARD}net1: virtio=BC:24:11:00:00:0B\nipconfig0: ip=192.0.2.9/26,gw=192.0.2.1,ip6=auto\nipconfig1: ip6=2001:db8::2/64,gw6=2001:db8::1\nnameserver: 1.1.1.1 9.9.9.9\nsearchdomain: a.test\n`;
    expect(partsOf(text).network).toBe(`version: 1
config:
    - type: physical
      name: eth0
      mac_address: 'bc:24:11:00:00:0a'
      subnets:
      - type: static
        address: '192.0.2.9'
        netmask: '255.255.255.192'
        gateway: '192.0.2.1'
      - type: ipv6_slaac
    - type: physical
      name: eth1
      mac_address: 'bc:24:11:00:00:0b'
      subnets:
      - type: static6
        address: '2001:db8::2/64'
        gateway: '2001:db8::1'
    - type: nameserver
      address:
      - '1.1.1.1'
      - '9.9.9.9'
      search:
      - 'a.test'
`);
  });

  test("a card without addresses is left to the guest", () => {
    expect(partsOf(CARD).network).not.toContain("eth0");
  });

  test("config drive: Debian's form, DNS of the host", () => {
    expect(partsOf(`${CARD}citype: configdrive2\nipconfig0: ip=dhcp,ip6=2001:db8::2/64\n`).network).toBe(`auto lo
iface lo inet loopback

        dns_nameservers 192.0.2.53
        dns_search example.test
auto eth0
iface eth0 inet dhcp
iface eth0 inet6 static
        address 2001:db8::2
        netmask 64
`);
  });

  test("Windows: no loopback, DNS in each static block, keys and password in the meta data", () => {
    const { network, meta } = partsOf(`${CARD}ostype: win11\nipconfig0: ip=192.0.2.9/24\ncipassword: x\nsshkeys: k\n`);
    expect(network).toBe(`auto eth0
iface eth0 inet static
        address 192.0.2.9
        netmask 255.255.255.0
        dns-nameservers 192.0.2.53
        dns-search example.test
`);
    expect(JSON.parse(meta)).toMatchObject({ admin_pass: "x", public_keys: { "key-0": "k" } });
    expect(meta).toContain('\n     "uuid"');
  });
});

test("meta data changes exactly when the guest is told something else", () => {
  const meta = (text: string) => partsOf(text).meta;
  expect(meta("name: a\n")).toBe(meta("name: a\ncores: 4\n"));
  expect(meta("name: a\n")).not.toBe(meta("name: b\n"));
  expect(meta("name: a\n")).toMatch(/^instance-id: [0-9a-f]{40}\n$/);
});

test("OpenNebula's script is safe for a shell", () => {
  const { settings, ...parts } = partsOf(`${CARD}citype: opennebula\nciuser: o'neill\nipconfig0: ip=192.0.2.9/24\n`);
  const script = cloudinitImage(settings, parts).files.get("context.sh") ?? "";
  const { stdout } = spawnSync("sh", ["-c", `${script}\necho "$USERNAME $ETH0_IP $ETH0_MASK"`], { encoding: "utf8" });
  expect(stdout).toBe("o'neill 192.0.2.9 255.255.255.0\n");
});

test.each([
  [0, "0.0.0.0"],
  [8, "255.0.0.0"],
  [23, "255.255.254.0"],
  [32, "255.255.255.255"],
])("a prefix of %i bits is %s", (bits, mask) => {
  expect(dottedNetmask(bits)).toBe(mask);
});

test("resolv.conf: servers, and the last search list", () => {
  expect(parseResolvConf("# x\nnameserver 1.1.1.1\nsearch a b\nnameserver ::1\ndomain c\n")).toEqual({
    nameservers: ["1.1.1.1", "::1"],
    searchDomains: ["c"],
  });
});

describe("what the drive does not know", () => {
  test("old values are kept once, new keys are named, and both go when all is as it was", () => {
    const first = trackChanges({}, { name: "a" }, { name: "b", ciuser: "u" });
    expect(first).toEqual({ name: "a", added: "ciuser" });
    const second = trackChanges(first, { name: "b", ciuser: "u" }, { name: "c", ciuser: "v" });
    expect(second).toEqual({ name: "a", added: "ciuser" });
    expect(trackChanges(second, { name: "c", ciuser: "v" }, { name: "a" })).toEqual({});
  });

  test("is shown, kept in the config, and gone after the drive is made anew", async () => {
    const node = new TestNode();
    try {
      await node.call("POST", "", { vmid: 100, name: "a", ide2: "local:cloudinit", cipassword: "secret" });
      expect(node.config(100)).toContain("ide2: local:100/vm-100-cloudinit.raw,media=cdrom,size=4M\n");
      await node.call("PUT", "/100/config", { name: "b", ciuser: "u", delete: "cipassword" });
      expect(node.config(100)).toContain("[special:cloudinit]\nadded: ciuser\ncipassword: $5$salt$6\nname: a\n");
      expect(await node.call("GET", "/100/cloudinit")).toEqual([
        { key: "cipassword", value: "**********", delete: 1 },
        { key: "ciuser", pending: "u" },
        { key: "name", value: "a", pending: "b" },
      ]);
      const dump = await node.call("GET", "/100/cloudinit/dump", { type: "user" });
      expect(dump).toContain("hostname: b\n");
    } finally {
      node.close();
    }
  });
});

test.each(["l26", "win11"])("the shown text of a drive for %s hides the password's hash", async (ostype) => {
  const node = new TestNode();
  try {
    await node.call("POST", "", { vmid: 100, ostype, ide2: "local:cloudinit", cipassword: "secret" });
    const shown: unknown[] = [];
    for (const type of ["user", "meta"]) shown.push(await node.call("GET", "/100/cloudinit/dump", { type }));
    expect(shown.join("\n")).toContain("**********");
    expect(shown.join("\n")).not.toContain("$5$");
  } finally {
    node.close();
  }
});

const hasTools = ["genisoimage", "isoinfo"].every((tool) => spawnSync(tool, ["--version"]).error === undefined);

describe.skipIf(!hasTools)("the image", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "quorate-cloudinit-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test("is an ISO file system with the label and files that guests look for, and no trace stays behind", async () => {
    const storages = new MemoryStorages();
    storages.addVolume("local:100/vm-100-cloudinit.raw", 4 << 20);
    writeFileSync(join(dir, "resolv.conf"), "nameserver 192.0.2.53\n");
    const kept = join(dir, "kept.iso");
    const workDir = join(dir, "work");
    const drives = new CloudinitDrives({
      storages,
      workDir,
      resolvConf: join(dir, "resolv.conf"),
      tools: {
        measure: () => Promise.reject(new Error("nothing to measure")),
        copy: async ({ source }) => cpSync(source, kept),
      },
    });
    const { current } = parseVmConfig(`${CARD}ide2: local:100/vm-100-cloudinit.raw,media=cdrom\nname: web\n`, {
      vmid: 100,
    });
    expect(await drives.write(100, current)).toBe(true);
    const read = (path: string) => spawnSync("isoinfo", ["-R", "-i", kept, "-x", path], { encoding: "utf8" }).stdout;
    expect(read("/user-data")).toContain("hostname: web\n");
    expect(read("/network-config")).toContain("'192.0.2.53'");
    expect(spawnSync("isoinfo", ["-d", "-i", kept], { encoding: "utf8" }).stdout).toContain("Volume id: cidata");
    expect(readdirSync(workDir)).toEqual([]);
    expect(await drives.write(101, { name: "none" })).toBe(false);
  });
});
