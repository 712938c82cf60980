/** The cluster's own CPU models, as the command line builder takes them. */
import type { CachedFiles } from "../../cfs/cached-files.ts";
import type { FileSnapshot } from "../../cfs/port.ts";
import { namedProperties } from "../../rest/property-string.ts";
import { parseSections, type SectionSchema, type SectionValue } from "../../section-config/index.ts";
import type { CustomCpuModel } from "./builder/world.ts";

const CPU_MODELS = "virtual-guest/cpu-models.conf";

function schema(): SectionSchema {
  const { cputype: _, ...properties } = namedProperties("pve-vm-cpu-conf");
  return { shared: { id: { type: "string", format: "pve-configid" } }, types: { "cpu-model": { properties } } };
}

/** By name, without the `custom-` under which a VM asks for it. The same map until the file changes. */
export function customCpuModels(
  files: CachedFiles,
): ReadonlyMap<string, CustomCpuModel> | Promise<ReadonlyMap<string, CustomCpuModel>> {
  return files.get(CPU_MODELS, parseModels);
}

function parseModels(file: FileSnapshot | undefined): ReadonlyMap<string, CustomCpuModel> {
  const { sections } = parseSections(schema(), file?.data.toString("utf8") ?? "", { fileName: CPU_MODELS });
  return new Map([...sections].map(([name, { values }]) => [name, modelOf(values)]));
}

function modelOf(values: Readonly<Record<string, SectionValue>>): CustomCpuModel {
  const { level, flags, hidden } = values;
  const reported = values["reported-model"];
  const vendor = values["hv-vendor-id"];
  const bits = values["phys-bits"];
  const guestBits = values["guest-phys-bits"];
  return {
    ...(typeof reported === "string" ? { reportedModel: reported } : {}),
    ...(typeof flags === "string" ? { flags } : {}),
    ...(hidden === true ? { hidden } : {}),
    ...(typeof vendor === "string" ? { hvVendorId: vendor } : {}),
    ...(bits === undefined ? {} : { physBits: String(bits) }),
    ...(typeof guestBits === "number" ? { guestPhysBits: guestBits } : {}),
    ...(typeof level === "number" ? { level } : {}),
  };
}
