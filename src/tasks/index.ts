/** Tasks: what the rest of the program may use. */
export { type TaskMethodDeps, taskMethods } from "./api.ts";
export { TASK_LIST_KEY, TaskBroadcast } from "./broadcast.ts";
export { followTask } from "./follow.ts";
export { TaskLauncher } from "./launcher.ts";
export { stopTask } from "./stop.ts";
export { TaskStore } from "./task-store.ts";
export { parseUpid } from "./upid.ts";
