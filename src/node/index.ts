/** The node itself: what the rest of the program may use. */

export { forgetGuestsStarted } from "./boot-marker.ts";
export { bootMethods } from "./boot-methods.ts";
export { nodeConfigMethods } from "./config-methods.ts";
export { nodeLogMethods } from "./log-methods.ts";
export { machineMethods } from "./machine-methods.ts";
export { type NodeMethodDeps, nodeMethods, versionMethods } from "./methods.ts";
export { type ReleaseInfo, releaseInfo } from "./release-info.ts";
export { serviceMethods } from "./service-methods.ts";
