/** The node of the command line cases: storages, host devices, firmware, as the cases' README lists them. */
import { type BuildVolume, type BuildWorld, drivesOf, type VmConfig } from "../guests/qemu/index.ts";

export const VECTOR_VMID = 8006;

const FSID = "fc4181a6-56eb-4f68-b452-8ba1f381ca2a";
const MON_HOSTS = ["127.0.0.42", "127.0.0.21", "::1"];
const ALL_CONTENT = new Set(["images", "iso"]);
const DIRECTORIES: Readonly<Record<string, { path: string; type: string; content: ReadonlySet<string> }>> = {
  local: { path: "/var/lib/vz", type: "dir", content: ALL_CONTENT },
  localsnapext: { path: "/var/lib/vzsnapext", type: "dir", content: ALL_CONTENT },
  noimages: { path: "/var/lib/vz", type: "dir", content: new Set(["iso"]) },
  "btrfs-store": { path: "/butter/bread", type: "btrfs", content: ALL_CONTENT },
  "cifs-store": { path: "/mnt/pve/cifs-store", type: "cifs", content: ALL_CONTENT },
};
const BLOCK_DEVICES: Readonly<Record<string, { path: string; type: string }>> = {
  "lvm-store": { path: "/dev/veegee", type: "lvm" },
  "local-lvm": { path: "/dev/pve", type: "lvmthin" },
  "krbd-store": { path: `/dev/rbd-pve/${FSID}/cpool`, type: "rbd" },
};
/** Storages whose volumes consist of a current file and two snapshots below it. */
const CHAINED = new Set(["localsnapext", "lvm-store"]);

/** `# NAME: value` lines of a config's description. */
export function directivesOf(text: string): Map<string, string[]> {
  const directives = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^#\s*([A-Z_]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) directives.set(name, [...(directives.get(name) ?? []), value]);
  }
  return directives;
}

export function vectorWorld(directives: ReadonlyMap<string, readonly string[]>, config: VmConfig): BuildWorld {
  const volumes = new Map<string, BuildVolume>();
  for (const drive of drivesOf(config)) volumes.set(drive.file, volumeAt(drive.file));
  const sev = capabilities(directives.get("HW_CAPABILITIES")?.[0]);
  return {
    nodeName: "localhost",
    qemuVersion: directives.get("QEMU_VERSION")?.[0] ?? "11.0.0",
    hostArch: directives.get("HOST_ARCH")?.[0] === "aarch64" ? "aarch64" : "x86_64",
    hostCpuVendor: directives.get("HOST_CPU_VENDOR")?.[0] ?? "GenuineIntel",
    hostCpuCount: Number.POSITIVE_INFINITY,
    hostPhysBits: 46,
    hasKvm: true,
    emulatesWithoutKvm: false,
    hasVhostNet: true,
    iscsiInitiator: "iqn.1993-08.org.debian:01:aabbccddeeff",
    hugepageSizesMiB: [2, 1024],
    volumes,
    bridgeMtus: new Map([...bridgesOf(config)].map((name) => [name, name === "vxlan_bridge" ? 1450 : 1500])),
    cpuModels: new Map([
      [
        "qemu64",
        { reportedModel: "athlon", flags: "+aes;+avx;-kvm_pv_unhalt", hvVendorId: "testvend", physBits: "40" },
      ],
      ["alldefault", {}],
    ]),
    pciDevices: new Set(HOST_DEVICES),
    pciMappings: new Map([
      ["someGpu", { paths: ["0000:01:00.4", "0000:01:00.5", "0000:01:00.6"], isMdev: true }],
      ["someNic", { paths: ["0000:07:10.0", "0000:07:10.1", "0000:07:10.4"], isMdev: false }],
    ]),
    usbMappings: new Map(),
    ...(sev === undefined ? {} : { sev }),
    firmwareSizes: FIRMWARE_SIZES,
    spicePort: 61000,
    spiceAddress: "127.0.0.1",
    paths: {
      qemuRun: "/var/run/qemu-server",
      qemuRunShort: "/run/qemu-server",
      eventSocket: "/var/run/qmeventd.sock",
      qemuShare: "/usr/share/qemu-server",
      bridgeScripts: "/usr/libexec/qemu-server",
      firmware: "/usr/share/pve-edk2-firmware",
      hugepages: "/run/hugepages/kvm",
      romFiles: "/usr/share/kvm",
    },
  };
}

const HOST_DEVICES = [
  ..."0000:00:43.1 0000:00:f4.0 0000:00:ff.1 0000:0f:f2.0 0000:d0:13.0 0000:d0:15.1 0000:d0:15.2 0000:d0:17.0".split(
    " ",
  ),
  ..."0000:f0:42.0 0000:f0:43.0 0000:f0:43.1 1234:f0:43.1 0000:01:00.4 0000:01:00.5 0000:01:00.6".split(" "),
  ..."0000:07:10.0 0000:07:10.1 0000:07:10.4".split(" "),
];

const KIB = 1024;
const FIRMWARE_SIZES = new Map([
  ["OVMF_VARS.fd", 128 * KIB],
  ["OVMF_VARS_4M.fd", 528 * KIB],
  ["OVMF_VARS_4M.ms.fd", 528 * KIB],
  ["OVMF_SEV_VARS_4M.fd", 528 * KIB],
  ["AAVMF_VARS.fd", 64 * KIB * KIB],
]);

function capabilities(text: string | undefined): BuildWorld["sev"] {
  if (text === undefined) return { cbitpos: 0, reducedPhysBits: 0 };
  if (text === "amd-turin-9005") return { cbitpos: 51, reducedPhysBits: 6 };
  const value = JSON.parse(text) as { "amd-sev"?: { cbitpos?: number; "reduced-phys-bits"?: number } };
  const sev = value["amd-sev"];
  return { cbitpos: sev?.cbitpos ?? 0, reducedPhysBits: sev?.["reduced-phys-bits"] ?? 0 };
}

function bridgesOf(config: VmConfig): Set<string> {
  const bridges = Object.values(config).flatMap((value) => /(?:^|,)bridge=([^,]+)/.exec(value)?.[1] ?? []);
  return new Set(bridges);
}

function volumeAt(volid: string): BuildVolume {
  if (volid.startsWith("/")) return { format: formatOf(volid), vtype: "other", location: pathAt(volid) };
  const [storage = "", volname = ""] = volid.split(/:(.*)/s);
  const directory = DIRECTORIES[storage];
  const device = BLOCK_DEVICES[storage];
  if (directory !== undefined) return inDirectory(storage, directory, volname);
  const format = formatOf(volname);
  if (device !== undefined) {
    const entry = { name: storage, type: device.type, content: ALL_CONTENT, isKrbd: storage === "krbd-store" };
    const chain = chainOf(storage, format, (snap) => `${device.path}/${snap}-${volname}`);
    return { format, vtype: "images", location: pathAt(`${device.path}/${volname}`), storage: entry, ...chain };
  }
  return {
    format,
    vtype: "images",
    location: remoteLocation(storage, volname),
    storage: { name: storage, type: storage === "rbd-store" ? "rbd" : "zfs", content: ALL_CONTENT },
  };
}

function inDirectory(
  storage: string,
  { path, type, content }: { path: string; type: string; content: ReadonlySet<string> },
  volname: string,
): BuildVolume {
  const entry = { name: storage, type, content };
  const [, iso] = /^iso\/(.+)$/.exec(volname) ?? [];
  if (iso !== undefined) {
    return { format: "raw", vtype: "iso", location: pathAt(`${path}/template/iso/${iso}`), storage: entry };
  }
  const format = formatOf(volname);
  // Each raw image of btrfs is a file in a subvolume of its own.
  const file = type === "btrfs" && format === "raw" ? `${volname.replace(/\.raw$/, "")}/disk.raw` : volname;
  const slash = volname.lastIndexOf("/");
  const chain = chainOf(
    storage,
    format,
    (snap) => `${path}/images/${volname.slice(0, slash)}/${snap}-${volname.slice(slash + 1)}`,
  );
  return { format, vtype: "images", location: pathAt(`${path}/images/${file}`), storage: entry, ...chain };
}

function chainOf(storage: string, format: string, pathOf: (snapshot: string) => string): Pick<BuildVolume, "chain"> {
  if (!CHAINED.has(storage) || format !== "qcow2") return {};
  return {
    chain: ["snap2", "snap1"].map((snapshot) => ({ snapshot, format, location: pathAt(pathOf(snapshot)) })),
  };
}

function pathAt(path: string): BuildVolume["location"] {
  return { kind: "path", path, isBlockDevice: path.startsWith("/dev/") };
}

function formatOf(name: string): string {
  return /\.(raw|qcow2|vmdk)$/.exec(name)?.[1] ?? "raw";
}

function remoteLocation(storage: string, volname: string): BuildVolume["location"] {
  if (storage === "rbd-store") {
    const hosts = MON_HOSTS.map((host) => (host.includes(":") ? `[${host}]` : host)).join(";");
    const escaped = hosts.replaceAll(":", "\\:").replaceAll(";", "\\;");
    return {
      kind: "driver",
      node: {
        "auth-client-required": ["none"],
        driver: "rbd",
        image: volname,
        pool: "cpool",
        server: MON_HOSTS.map((host) => ({ host, port: "3300" })),
      },
      driveText: `rbd:cpool/${volname}:mon_host=${escaped}:auth_supported=none`,
    };
  }
  const target = "iqn.2019-10.org.test:foobar";
  return {
    kind: "driver",
    node: { driver: "iscsi", lun: 0, portal: "127.0.0.1", target, transport: "tcp" },
    driveText: `iscsi://127.0.0.1/${target}/0`,
  };
}
