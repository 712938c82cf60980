/** Encrypted guests. */
import { namedProperties } from "../../../rest/property-string.ts";
import { readProperties } from "../values.ts";
import { BuildError } from "./build-error.ts";
import type { CommandLine } from "./command-line.ts";

/** Policy bits of SEV guests (AMD SEV API, table 2). */
const POLICY = { noDebug: 1, noKeySharing: 2, es: 4, always: 8 } as const;
/** Policy bits of SNP guests (SNP ABI, table 9). */
const SNP_POLICY = { base: 0x2_0000n, smt: 0x1_0000n, debug: 0x8_0000n } as const;

export function addEncryption(line: CommandLine): void {
  const sevText = line.config["amd-sev"];
  if (sevText !== undefined) {
    line.devices.push("-object", sevObject(line, sevText));
    line.machineFlags.push("confidential-guest-support=sev0");
  }
  const tdxText = line.config["intel-tdx"];
  if (tdxText !== undefined) {
    line.devices.push("-object", tdxObject(line, tdxText));
    line.machineFlags.push("confidential-guest-support=tdx0");
  }
}

function sevObject(line: CommandLine, text: string): string {
  if (!line.usesOvmf) throw new BuildError("to use AMD SEV, please set the bios to ovmf");
  const { sev } = line.world;
  if (sev === undefined) throw new BuildError("AMD SEV is not available on this node");
  const values = readProperties("amd-sev", namedProperties("pve-qemu-sev-fmt"), text);
  const bits = `id=sev0,cbitpos=${sev.cbitpos},reduced-phys-bits=${sev.reducedPhysBits}`;
  const hashes = values["kernel-hashes"] === true ? ",kernel-hashes=on" : "";
  if (values.type === "snp") {
    const smt = values["allow-smt"] === false ? 0n : SNP_POLICY.smt;
    const debug = values["no-debug"] === true ? 0n : SNP_POLICY.debug;
    return `sev-snp-guest,${bits},policy=0x${(SNP_POLICY.base | smt | debug).toString(16)}${hashes}`;
  }
  const policy =
    POLICY.always |
    (values.type === "es" ? POLICY.es : 0) |
    (values["no-debug"] === true ? POLICY.noDebug : 0) |
    (values["no-key-sharing"] === true ? POLICY.noKeySharing : 0);
  return `sev-guest,${bits},policy=0x${policy.toString(16)}${hashes}`;
}

function tdxObject(line: CommandLine, text: string): string {
  if (!line.usesOvmf) throw new BuildError("to use Intel TDX, please set the bios to ovmf");
  const values = readProperties("intel-tdx", namedProperties("pve-qemu-tdx-fmt"), text);
  const object: Record<string, unknown> = { "qom-type": "tdx-guest", id: "tdx0" };
  if (values.attestation === true) {
    object["quote-generation-socket"] = {
      cid: String(values["vsock-cid"] ?? 2),
      port: String(values["vsock-port"] ?? 4050),
      type: "vsock",
    };
  }
  return JSON.stringify(Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1))));
}
