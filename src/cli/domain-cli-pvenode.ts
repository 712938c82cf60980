/** `pvenode`: this node. */
import type { ToolTable } from "./domain-cli.ts";
import { renderConfig, renderLog } from "./renderers.ts";

export const pvenodeTable: ToolTable = {
  name: "pvenode",
  commands: {
    startall: { verb: "POST", path: "/nodes/{node}/startall" },
    stopall: { verb: "POST", path: "/nodes/{node}/stopall" },
    migrateall: { verb: "POST", path: "/nodes/{node}/migrateall", args: ["target"] },
    wakeonlan: { verb: "POST", path: "/nodes/{node}/wakeonlan", args: ["node"] },
    "config get": { verb: "GET", path: "/nodes/{node}/config", render: renderConfig },
    "config set": { verb: "PUT", path: "/nodes/{node}/config" },
    "cert info": { verb: "GET", path: "/nodes/{node}/certificates/info" },
    "cert set": { verb: "POST", path: "/nodes/{node}/certificates/custom", args: ["certificates", "key"] },
    "cert delete": { verb: "DELETE", path: "/nodes/{node}/certificates/custom" },
    "task list": { verb: "GET", path: "/nodes/{node}/tasks" },
    "task log": {
      verb: "GET",
      path: "/nodes/{node}/tasks/{upid}/log",
      args: ["upid"],
      fixed: { limit: "0" },
      render: renderLog,
    },
    "task status": { verb: "GET", path: "/nodes/{node}/tasks/{upid}/status", args: ["upid"] },
  },
};
