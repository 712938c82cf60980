import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeWorld, type World } from "../access/access-world.testing.ts";
import { parseInterfaces } from "./interfaces-file.ts";
import { networkMethods } from "./network-methods.ts";

const NOTHING = { physical: new Set<string>(), active: new Set<string>() };

function only(text: string, kernel = NOTHING): Record<string, unknown> {
  const { lo: _lo, ...rest } = Object.fromEntries(parseInterfaces(text, kernel).interfaces);
  return rest;
}

describe("interfaces(5)", () => {
  const cases = [
    {
      name: "a bridge of the usual kind",
      text: "auto vmbr0\niface vmbr0 inet static\n\taddress 192.0.2.7\n\tnetmask 255.255.255.0\n\tgateway 192.0.2.1\n\tbridge_ports eth1 eth0 eth1\n",
      want: {
        vmbr0: {
          priority: 2,
          type: "bridge",
          autostart: 1,
          families: ["inet"],
          method: "static",
          method6: "manual",
          address: "192.0.2.7",
          netmask: "24",
          cidr: "192.0.2.7/24",
          gateway: "192.0.2.1",
          bridge_ports: "eth0 eth1",
          bridge_stp: "off",
          bridge_fd: "0",
        },
      },
    },
    {
      name: "both families, one without a prefix",
      text: "iface eth7 inet dhcp\n\nallow-hotplug eth7\niface eth7 inet6 static\n\taddress 2001:db8::1\n#six\n\tup true\n",
      want: {
        eth7: {
          priority: 2,
          type: "eth",
          autostart: 1,
          families: ["inet", "inet6"],
          method: "dhcp",
          method6: "static",
          address6: "2001:db8::1",
          cidr6: "2001:db8::1/128",
          comments6: "six\n",
          options6: ["up true"],
        },
      },
    },
    {
      name: "a bond by number, and a VLAN on it whose parent is no hardware",
      text: "iface bond0 inet manual\n\tbond-slaves none\n\tbond-mode 4\niface bond0.5 inet manual\n",
      want: {
        bond0: {
          priority: 2,
          type: "bond",
          families: ["inet"],
          method: "manual",
          method6: "manual",
          slaves: "",
          bond_mode: "802.3ad",
        },
        "bond0.5": {
          priority: 3,
          type: "vlan",
          families: ["inet"],
          method: "manual",
          method6: "manual",
          "vlan-raw-device": "bond0",
          "vlan-id": "5",
          exists: null,
        },
      },
    },
    {
      name: "Open vSwitch's options",
      text: "iface v0 inet manual\n\tovs_type OVSIntPort\n\tovs_mtu 1300\n\tovs_options tag=14 vlan_mode=access\n",
      want: {
        v0: {
          priority: 2,
          type: "OVSIntPort",
          families: ["inet"],
          method: "manual",
          method6: "manual",
          ovs_type: "OVSIntPort",
          mtu: "1300",
          ovs_tag: "14",
          ovs_options: "vlan_mode=access",
        },
      },
    },
  ];
  test.each(cases)("$name", ({ text, want }) => {
    expect(only(text)).toEqual(want);
  });

  test("hardware that no line names is there too, and what is up is active", () => {
    expect(only("", { physical: new Set(["eth0"]), active: new Set(["eth0", "vmbr9"]) })).toEqual({
      eth0: { type: "eth", exists: 1, active: 1, families: ["inet"], method: "manual", method6: "manual" },
    });
  });

  test("lines of no interface keep their place; what an Open vSwitch bridge says itself is not kept", () => {
    const { options } = parseInterfaces(
      "source a\n# alone\niface eth0 inet manual\nallow-v0 eth0\niface v0 inet manual\n\tovs_type OVSBridge\nsource b\n",
      NOTHING,
    );
    expect(options).toEqual([
      [2, "source a"],
      [6, "source b"],
    ]);
  });
});

describe("the methods", () => {
  let directory: string;
  let world: World;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "quorate-network-"));
    const hostInterfaces = join(directory, "interfaces");
    writeFileSync(hostInterfaces, "auto vmbr0\niface vmbr0 inet manual\n\tbridge-ports none\n");
    const files = { "user.cfg": "user:nina@pve:1:0:::::\n" };
    world = makeWorld({ files, otherMethods: networkMethods({ layout: { hostInterfaces } }) });
  });
  afterEach(() => {
    world.close();
    rmSync(directory, { recursive: true });
  });

  test("list all interfaces, or bridges only", async () => {
    const all = await world.call("GET", "/nodes/n1/network", {});
    expect(all.data).toContainEqual(expect.objectContaining({ iface: "lo", type: "loopback" }));
    const bridges = await world.call("GET", "/nodes/n1/network", { type: "any_bridge" });
    expect(bridges.data).toEqual([expect.objectContaining({ iface: "vmbr0", type: "bridge", bridge_ports: "" })]);
    expect((await world.call("GET", "/nodes/n1/network", { type: "bond" })).data).toEqual([]);
  });

  test("tell one interface", async () => {
    expect((await world.call("GET", "/nodes/n1/network/vmbr0", {})).data).toMatchObject({ method: "manual" });
    expect(await world.call("GET", "/nodes/n1/network/vmbr1", {})).toMatchObject({
      status: 400,
      errors: { iface: "interface does not exist" },
    });
  });

  test("the settings of one are for those who may look at the node", async () => {
    expect((await world.call("GET", "/nodes/n1/network", {}, "nina@pve")).status).toBe(200);
    expect((await world.call("GET", "/nodes/n1/network/vmbr0", {}, "nina@pve")).status).toBe(403);
  });
});
