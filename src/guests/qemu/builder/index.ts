/** The command line builder: pure, from a config and a description of the node to an argument vector. */
export { buildCommand } from "./build-command.ts";
export { BuildError } from "./build-error.ts";
export { pinnedType } from "./machine-type.ts";
export { type CardPlug, cardPlug, type DrivePlug, drivePlug } from "./plug.ts";
export { quoteArgument, showCommand, splitShell } from "./shell-text.ts";
export { hasAgent } from "./small-devices.ts";
export type { BuildOptions, BuildVolume, BuildWorld, BuiltCommand } from "./world.ts";
