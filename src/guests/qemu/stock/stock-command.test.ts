import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseOptions, printOptions } from "./option-text.ts";
import { type StockHost, toStockCommand } from "./stock-command.ts";

const capable: StockHost = {
  binary: "/usr/bin/qemu-system-x86_64",
  accelerator: "kvm",
  hasIoUring: true,
  hasVhostNet: true,
  network: "tap",
  runDir: "/var/run/qemu-server",
  configDir: "/opt/configs",
  firmwareDir: "/usr/share/OVMF/",
};
const poor: StockHost = {
  ...capable,
  accelerator: "tcg",
  hasIoUring: false,
  hasVhostNet: false,
  network: "user",
  runDir: "/srv/node/run",
};

const tap = "type=tap,id=net0,ifname=tap100i0,script=/usr/libexec/qemu-server/pve-bridge";
const cases: { name: string; host: StockHost; given: string[]; want: string[] }[] = [
  { name: "the guest's id is dropped", host: capable, given: ["-id", "100", "-S"], want: ["-S"] },
  {
    name: "a guest that powers off ends its QEMU",
    host: capable,
    given: ["-no-shutdown", "-daemonize"],
    want: ["-daemonize"],
  },
  {
    name: "the event monitor is dropped, the other one stays",
    host: capable,
    given: [
      ...[
        "-chardev",
        "socket,id=qmp,path=/var/run/qemu-server/100.qmp,server=on,wait=off",
        "-mon",
        "chardev=qmp,mode=control",
      ],
      ...[
        "-chardev",
        "socket,id=qmp-event,path=/var/run/qmeventd.sock,reconnect=5",
        "-mon",
        "chardev=qmp-event,mode=control",
      ],
    ],
    want: [
      "-chardev",
      "socket,id=qmp,path=/var/run/qemu-server/100.qmp,server=on,wait=off",
      "-mon",
      "chardev=qmp,mode=control",
    ],
  },
  {
    name: "sockets and pid files move to the run directory",
    host: poor,
    given: ["-pidfile", "/var/run/qemu-server/100.pid", "-incoming", "unix:/run/qemu-server/100.migrate"],
    want: ["-pidfile", "/srv/node/run/100.pid", "-incoming", "unix:/srv/node/run/100.migrate"],
  },
  {
    name: "the machine's revision is dropped and KVM said",
    host: capable,
    given: ["-machine", "hpet=off,type=pc-i440fx-7.2+pve0"],
    want: ["-machine", "accel=kvm,hpet=off,type=pc-i440fx-7.2"],
  },
  {
    name: "under TCG the machine says so once and keeps no KVM setting",
    host: poor,
    given: ["-machine", "accel=tcg,smm=off,type=q35+pve1,kernel-irqchip=split"],
    want: ["-machine", "accel=tcg,smm=off,type=q35"],
  },
  {
    name: "with KVM the processor stays as it is",
    host: capable,
    given: ["-cpu", "kvm64,enforce,+kvm_pv_eoi,+lahf_lm"],
    want: ["-cpu", "kvm64,enforce,+kvm_pv_eoi,+lahf_lm"],
  },
  {
    name: "under TCG the processor loses what only KVM knows",
    host: poor,
    given: ["-cpu", "kvm64,enforce,hv_time,hv_vendor_id=x,kvm=off,+kvm_pv_eoi,-kvm_pv_unhalt,+lahf_lm,+sep"],
    want: ["-cpu", "kvm64,+lahf_lm,+sep"],
  },
  {
    name: "sound for a SPICE display that is not there is not heard",
    host: capable,
    given: ["-audiodev", "spice,id=spice-backend0"],
    want: ["-audiodev", "none,id=spice-backend0"],
  },
  {
    name: "sound for a SPICE display that is there stays",
    host: capable,
    given: ["-audiodev", "spice,id=spice-backend0", "-spice", "addr=127.0.0.1"],
    want: ["-audiodev", "spice,id=spice-backend0", "-spice", "addr=127.0.0.1"],
  },
  {
    name: "under TCG the host's processor becomes all that can be emulated",
    host: poor,
    given: ["-cpu", "host,+kvm_pv_eoi,host-phys-bits=true"],
    want: ["-cpu", "max"],
  },
  {
    name: "the KVM timer setting goes with KVM",
    host: poor,
    given: ["-global", "kvm-pit.lost_tick_policy=discard"],
    want: [],
  },
  {
    name: "the boot menu loses its picture",
    host: capable,
    given: ["-boot", "menu=on,strict=on,reboot-timeout=1000,splash=/usr/share/qemu-server/bootsplash.jpg"],
    want: ["-boot", "menu=on,strict=on,reboot-timeout=1000"],
  },
  {
    name: "a picture of our own is used",
    host: { ...capable, bootSplash: "/opt/own.jpg" },
    given: ["-boot", "menu=on,splash=/usr/share/qemu-server/bootsplash.jpg"],
    want: ["-boot", "menu=on,splash=/opt/own.jpg"],
  },
  {
    name: "read configs are our own",
    host: capable,
    given: ["-readconfig", "/usr/share/qemu-server/pve-q35-4.0.cfg"],
    want: ["-readconfig", "/opt/configs/pve-q35-4.0.cfg"],
  },
  {
    name: "a tap runs no script",
    host: capable,
    given: ["-netdev", `${tap},downscript=/usr/libexec/qemu-server/pve-bridgedown,vhost=on,queues=2`],
    want: ["-netdev", "type=tap,id=net0,ifname=tap100i0,vhost=on,queues=2,script=no,downscript=no"],
  },
  {
    name: "without vhost-net the tap has none",
    host: { ...capable, hasVhostNet: false },
    given: ["-netdev", `${tap},vhost=on`],
    want: ["-netdev", "type=tap,id=net0,ifname=tap100i0,script=no,downscript=no"],
  },
  {
    name: "without root the tap becomes NAT",
    host: poor,
    given: ["-netdev", `${tap},queues=4`],
    want: ["-netdev", "type=user,id=net0"],
  },
  {
    name: "a user network stays",
    host: capable,
    given: ["-netdev", "type=user,id=net0,hostname=a"],
    want: ["-netdev", "type=user,id=net0,hostname=a"],
  },
  {
    name: "io_uring becomes threads where the kernel has none",
    host: poor,
    given: ["-drive", "file=/a,aio=io_uring,format=raw", "-blockdev", '{"file":{"aio":"io_uring"},"node-name":"x"}'],
    want: ["-drive", "file=/a,aio=threads,format=raw", "-blockdev", '{"file":{"aio":"threads"},"node-name":"x"}'],
  },
  { name: "an initiator name without iSCSI goes", host: capable, given: ["-iscsi", "initiator-name=iqn.x"], want: [] },
  {
    name: "an initiator name with iSCSI stays",
    host: capable,
    given: ["-iscsi", "initiator-name=iqn.x", "-blockdev", '{"driver":"iscsi"}'],
    want: ["-iscsi", "initiator-name=iqn.x", "-blockdev", '{"driver":"iscsi"}'],
  },
  {
    name: "firmware comes from the distribution",
    host: capable,
    given: ["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/pve-edk2-firmware//OVMF_CODE_4M.fd"],
    want: ["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"],
  },
  {
    name: "the user's own arguments come through",
    host: capable,
    given: ["-kernel", "/k", "-append", "console=ttyS0 id=-id", "-S"],
    want: ["-kernel", "/k", "-append", "console=ttyS0 id=-id", "-S"],
  },
];

describe("toStockCommand", () => {
  test.each(cases)("$name", ({ host, given, want }) => {
    expect(toStockCommand(["/usr/bin/kvm", ...given], host)).toEqual([host.binary, ...want]);
  });

  test("an affinity stays in front", () => {
    const given = ["/usr/bin/taskset", "--cpu-list", "--all-tasks", "0,2", "/usr/bin/kvm", "-id", "100", "-S"];
    expect(toStockCommand(given, capable)).toEqual([...given.slice(0, 4), capable.binary, "-S"]);
  });

  test("another architecture keeps its emulator", () => {
    expect(toStockCommand(["/usr/bin/qemu-system-aarch64", "-S"], capable, true)[0]).toBe(
      "/usr/bin/qemu-system-aarch64",
    );
  });
});

test("options survive a round trip, commas and all", () => {
  const key = fc.stringMatching(/^[a-z-]{1,8}$/);
  const value = fc.option(
    fc.string().filter((text) => !text.includes("\0")),
    { nil: undefined },
  );
  const option = fc.record({ key, value }).map(({ key, value }) => (value === undefined ? { key } : { key, value }));
  fc.assert(
    fc.property(fc.array(option, { minLength: 1 }), (options) => {
      // A value that ends in a comma before a following option is ambiguous in QEMU's own syntax too.
      fc.pre(options.every(({ value }) => value === undefined || !/^,|,$/.test(value)));
      expect(parseOptions(printOptions(options))).toEqual(options);
    }),
  );
});
