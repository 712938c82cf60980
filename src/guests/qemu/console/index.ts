/** Consoles of VMs and of the node: tickets, one listener per client, and the WebSocket that leads there. */
export { type ConsoleMethodDeps, consoleMethods } from "./methods.ts";
export { consoleTasks } from "./tasks.ts";
