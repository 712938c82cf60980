/** `qm`: virtual machines. */

import type { ToolCommand, ToolTable } from "./domain-cli.ts";
import { runMonitor, runSerialTerminal } from "./guest-terminal.ts";
import { renderConfig, renderGuestList, renderPending, renderSnapshots, renderStatus } from "./renderers.ts";

const GUESTS = "/nodes/{node}/qemu";
const GUEST = `${GUESTS}/{vmid}`;

/** `POST …/status/<action>` */
function action(name: string): ToolCommand {
  return { verb: "POST", path: `${GUEST}/status/${name}`, args: ["vmid"] };
}

export const qmTable: ToolTable = {
  name: "qm",
  commands: {
    list: { verb: "GET", path: GUESTS, render: renderGuestList },
    create: { verb: "POST", path: GUESTS, args: ["vmid"] },
    set: { verb: "PUT", path: `${GUEST}/config`, args: ["vmid"] },
    config: { verb: "GET", path: `${GUEST}/config`, args: ["vmid"], render: renderConfig },
    pending: { verb: "GET", path: `${GUEST}/pending`, args: ["vmid"], render: renderPending },
    destroy: { verb: "DELETE", path: GUEST, args: ["vmid"] },
    start: action("start"),
    stop: action("stop"),
    shutdown: action("shutdown"),
    reboot: action("reboot"),
    reset: action("reset"),
    suspend: action("suspend"),
    resume: action("resume"),
    status: {
      verb: "GET",
      path: `${GUEST}/status/current`,
      args: ["vmid"],
      render: renderStatus,
      renderFlags: ["verbose"],
    },
    "disk resize": { verb: "PUT", path: `${GUEST}/resize`, args: ["vmid", "disk", "size"] },
    "disk move": { verb: "POST", path: `${GUEST}/move_disk`, args: ["vmid", "disk", "storage"] },
    "disk unlink": { verb: "PUT", path: `${GUEST}/unlink`, args: ["vmid"] },
    clone: { verb: "POST", path: `${GUEST}/clone`, args: ["vmid", "newid"] },
    migrate: { verb: "POST", path: `${GUEST}/migrate`, args: ["vmid", "target"] },
    template: { verb: "POST", path: `${GUEST}/template`, args: ["vmid"] },
    sendkey: { verb: "PUT", path: `${GUEST}/sendkey`, args: ["vmid", "key"] },
    snapshot: { verb: "POST", path: `${GUEST}/snapshot`, args: ["vmid", "snapname"] },
    delsnapshot: { verb: "DELETE", path: `${GUEST}/snapshot/{snapname}`, args: ["vmid", "snapname"] },
    rollback: { verb: "POST", path: `${GUEST}/snapshot/{snapname}/rollback`, args: ["vmid", "snapname"] },
    listsnapshot: { verb: "GET", path: `${GUEST}/snapshot`, args: ["vmid"], render: renderSnapshots },
    "cloudinit dump": { verb: "GET", path: `${GUEST}/cloudinit/dump`, args: ["vmid", "type"] },
    "cloudinit pending": { verb: "GET", path: `${GUEST}/cloudinit`, args: ["vmid"], render: renderPending },
    "cloudinit update": { verb: "PUT", path: `${GUEST}/cloudinit`, args: ["vmid"] },
    "guest cmd": { verb: "POST", path: `${GUEST}/agent`, args: ["vmid", "command"] },
  },
  aliases: { resize: "disk resize", "move-disk": "disk move", move_disk: "disk move", unlink: "disk unlink" },
  interactive: { monitor: runMonitor, terminal: runSerialTerminal },
};
