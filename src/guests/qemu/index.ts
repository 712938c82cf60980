/** Virtual machines: what the rest of the program may use. */

export { type QemuMethodDeps, qemuConfigMethods, qemuMethods } from "./api/index.ts";
export {
  BuildError,
  buildCommand,
  type CardPlug,
  cardPlug,
  type DrivePlug,
  drivePlug,
  pinnedType,
  quoteArgument,
  showCommand,
  splitShell,
} from "./builder/index.ts";
export type {
  Arch,
  BuildOptions,
  BuildPaths,
  BuildVolume,
  BuildWorld,
  BuiltCommand,
  CustomCpuModel,
  PciMapping,
  VolumeLocation,
} from "./builder/world.ts";
export { parseVmConfig, printVmConfig, type VmConfig, type VmConfigFile } from "./config.ts";
export {
  HotplugProblemsError,
  VmConfigError,
  VmExistsError,
  VmLockedError,
  VmMissingError,
  VmProtectedError,
  VmRefusedError,
} from "./config-error.ts";
export {
  type QemuConfigDeps,
  type QemuConfigSide,
  qemuConfigSide,
  qemuConfigTasks,
} from "./config-side.ts";
export { checkLock, VmConfigs } from "./config-store.ts";
export { customCpuModels } from "./cpu-models.ts";
export { type Drive, drivesOf, hasVolume, isCloudinitDrive, printDrive, readDrive } from "./drives.ts";
export { type MachineFacts, REFERENCE_PATHS, WorldGatherer, type WorldGathererDeps } from "./gather-world.ts";
export type { Hotplug, HotplugRequest, HotplugResult } from "./hotplug-port.ts";
export { type QemuServiceDeps, type QemuServices, qemuServices } from "./services.ts";
export { CommandPreview, type ShowOptions } from "./show-command.ts";
export { checkOption, OptionError, type PropertyValues, readProperties } from "./values.ts";
