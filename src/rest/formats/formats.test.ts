import { describe, expect, test } from "vitest";
import { compileScalarFormat } from "../check.ts";
import { formatDiskSize, parseDiskSize } from "./index.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\nBB==\n-----END CERTIFICATE-----\n";

const samples: Readonly<Record<string, { readonly yes: readonly string[]; readonly no: readonly string[] }>> = {
  CIDR: { yes: ["10.0.0.0/8", "fe80::/10"], no: ["10.0.0.0/7", "10.0.0.0/33", "10.0.0.0", "fe80::/129"] },
  IPorCIDR: { yes: ["::1", "0.0.0.0/0", "10.1.2.3"], no: ["10.0.0.1/0", "10.0.0.1/33", "x/24"] },
  IPorCIDRorAlias: { yes: ["dc/net", "10.0.0.1"], no: ["-x", "vm/net"] },
  address: { yes: ["host.example", "::1"], no: ["0", "a b"] },
  "bridge-pair": { yes: ["a:b,c:d,e", "1", ""], no: ["a:b,a:c", "a,b", "1,a:b", "a:b:c", "a!"] },
  ipv4mask: { yes: ["255.255.0.0", "0.0.0.0", "255.255.255.255"], no: ["255.0.255.0", "1.1.1.1", "24"] },
  ipv6: { yes: ["::", "fe80::1"], no: ["fe80::1%eth0", "1.2.3.4"] },
  "lxc-ip-with-ll-iface": { yes: ["fe80::1%eth0"], no: ["fe80::1%-", "2001:db8::1%eth0"] },
  "mac-addr": { yes: ["02:00:00:00:00:01"], no: ["03:00:00:00:00:01", "02:00:00:00:00", "02-00-00-00-00-01"] },
  "pve-vlan-id-or-range": { yes: ["2", "2-4094", "100-0"], no: ["1", "4095", "10-2", "10-10", "a"] },
  "pve-userid": { yes: ["a@bc", `${"x".repeat(60)}@pve`], no: ["ab", "a@b", `${"x".repeat(61)}@pve`, "a:b@pve"] },
  "pve-poolid": { yes: ["a/b/c"], no: ["a/b/c/d", "a//b", "/a"] },
  "pve-priv": { yes: ["VM.Audit"], no: ["VM.Nothing"] },
  "pve-tfa-secret": { yes: ["ABCDEFGHIJKLMNOP", "v2-0x0123456789abcdef"], no: ["abc"] },
  "pve-storage-id": { yes: ["ab", "a.b-c_1"], no: ["a", "1a", "a-"] },
  "pve-dir-override": {
    yes: ["iso=/x/y", "backup=rel.d/z"],
    no: ["iso=", "foo=/x", "iso=/x/..", "iso=/x.", `iso=${"a".repeat(900)}..`],
  },
  "pve-storage-portal-dns": { yes: ["a:1", "[::1]:3260", "::1", "::1.3260"], no: ["[::1", "a b"] },
  "pve-storage-zfs-blocksize": { yes: ["", "4k", "16M", "512"], no: ["3k", "0k", "32m", "256", "08k"] },
  "pve-volume-id-or-qm-path": { yes: ["none", "cdrom", "/dev/x", "local:a"], no: ["local", "x:"] },
  "pve-qm-bootdev": {
    yes: ["ide3", "scsi30", "net31", "usb13"],
    no: ["ide4", "scsi31", "virtio16", "scsi01", "constructor0"],
  },
  "pve-qm-bootdisk": { yes: ["efidisk0", "sata5"], no: ["net0", "efidisk1"] },
  "pve-cpuset": { yes: ["", "0-3, 5", "1,,"], no: ["3-1", "a", "1,,2"] },
  "pve-hotplug-features": { yes: ["0", "1", "disk;cpu", ""], no: ["disk,0", "foo"] },
  "pve-startup-order": { yes: ["1", "order=1,up=2,down=3"], no: ["", "0", "up=x"] },
  "pve-replication-job-id": { yes: ["100-0"], no: ["99-0", "100"] },
  "pve-lxc-dev-string": { yes: ["/dev/kvm"], no: ["/dev/../x", "kvm"] },
  "pve-lxc-mp-string": { yes: ["", "..", "/a/..b"], no: ["../a", "/a/../b", "/.."] },
  "pve-fw-addr-spec": {
    yes: ["+set", "dc/alias", "10.0.0.0/8,192.168.1.1", "10.0.0.1-10.0.0.9", "fe80::/10", "::ffff:0:0/96"],
    no: [
      "10.0.0.1/24",
      "10.0.0.9-10.0.0.1",
      "10.0.0.1,fe80::1",
      "10.0.0.1-10.0.0.2,10.0.0.5",
      "10.0.0.1,",
      "fe80::1/10",
    ],
  },
  "pve-fw-dport-spec": {
    yes: ["", "22,80:90", "http", "echo-request,redirect"],
    no: ["90:80", "70000", "1,", "echo-request,22", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"],
  },
  "pve-fw-sport-spec": { yes: ["22"], no: ["echo-request"] },
  "pve-fw-conntrack-helper": { yes: ["ftp,sip", ""], no: ["ftp,", "http"] },
  "pve-fw-protocol-spec": { yes: ["tcp", "6", ""], no: ["nope", "999"] },
  "pve-sdn-bgp-rt": { yes: ["1:4294967295"], no: ["1:4294967296", "1"] },
  "pve-sdn-subnet-id": { yes: ["zone-10.0.0.0-24", "10.0.0.0/24"], no: ["zone-10.0.0.0", "zone"] },
  "pve-sdn-vlanrange": { yes: ["1-2,4096", "x"], no: ["5-2", "4097", "1,"] },
  "pem-certificate": { yes: [PEM, `note\n${PEM}\n`], no: [PEM + PEM, "x", PEM.replace("AAAA", "A A")] },
  "pem-certificate-chain": { yes: [PEM, PEM + PEM], no: ["", `${PEM}x`] },
  "pem-string": { yes: [PEM.replaceAll("CERTIFICATE", "PRIVATE KEY")], no: [PEM + PEM] },
  "pve-command-batch": {
    yes: ['[{"path":"/x","method":"GET","more":1}]', "[]"],
    no: ["{", "{}", '[{"path":"/x"}]', '[{"path":"/x","method":"HEAD"}]', "[1]"],
  },
  timezone: { yes: ["UTC", "Europe/Vienna"], no: ["Mars/X", "host"] },
  "pve-tag-list": { yes: ["", "a;b c"], no: ["a,-b"] },
  "email-opt": { yes: ["", "a@b"], no: ["a"] },
};

describe("named formats", () => {
  test.each(Object.entries(samples))("%s", (name, { yes, no }) => {
    const check = compileScalarFormat(name);
    expect(yes.filter((text) => check(text) !== undefined)).toEqual([]);
    expect(no.filter((text) => check(text) === undefined)).toEqual([]);
  });

  test("none ends with a line break, however it is anchored", () => {
    for (const name of ["pve-node", "pve-vmid", "pve-configid", "mac-addr", "pve-realm"]) {
      expect(compileScalarFormat(name)("100\n"), name).toBeDefined();
    }
  });

  test("a name that nobody defines is a mistake of ours", () => {
    expect(() => compileScalarFormat("pve-nothing")).toThrow("no format is named 'pve-nothing'");
    expect(() => compileScalarFormat("constructor")).toThrow();
  });
});

describe("disk sizes", () => {
  test.each([
    { text: "4G", bytes: 4 * 2 ** 30, printed: "4G" },
    { text: "1.5T", bytes: 1.5 * 2 ** 40, printed: "1536G" },
    { text: "512MiB", bytes: 512 * 2 ** 20, printed: "512M" },
    { text: "1000", bytes: 1000, printed: "1000" },
    { text: "0", bytes: 0, printed: "0" },
  ])("$text", ({ text, bytes, printed }) => {
    expect(parseDiskSize(text)).toBe(bytes);
    expect(formatDiskSize(bytes)).toBe(printed);
  });

  test("what is no size", () => {
    for (const text of ["", "G", "4g", "-1", "4GB", "1.G"]) expect(parseDiskSize(text)).toBeUndefined();
  });
});
