/** The node itself: what the rest of the program may use. */
export { bootMethods } from "./boot-methods.ts";
export { guestBootTasks } from "./guest-boot.ts";
export { type NodeMethodDeps, nodeMethods, versionMethods } from "./methods.ts";
export { type ReleaseInfo, releaseInfo } from "./release-info.ts";
