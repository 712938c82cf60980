/** What may be done to a guest's power, when, and with which right. */
import type { ApiClient } from "../api/client.ts";
import type { IconName } from "../parts/icon.tsx";
import type { GuestState } from "../store/freshness.ts";
import type { GuestResource } from "../store/resources.ts";
import { type MessageKey, t } from "../text/t.ts";

export type PowerAction = "start" | "shutdown" | "reboot" | "stop" | "reset" | "suspend" | "resume";

interface PowerFacts {
  readonly label: MessageKey;
  /** While it is under way: "Starting web-01". */
  readonly running: MessageKey;
  readonly done: MessageKey;
  readonly icon: IconName;
  /** In which states it does anything. */
  readonly from: ReadonlySet<GuestState>;
  /** Asked back before. */
  readonly confirm?: { readonly title: MessageKey; readonly text: MessageKey; readonly action: MessageKey };
}

const ON: ReadonlySet<GuestState> = new Set<GuestState>(["running", "error"]);
const ON_OR_PAUSED: ReadonlySet<GuestState> = new Set<GuestState>(["running", "paused", "error", "busy"]);

export const POWER: Readonly<Record<PowerAction, PowerFacts>> = {
  start: {
    label: "power.start",
    running: "power.starting",
    done: "power.started",
    icon: "play",
    from: new Set<GuestState>(["stopped"]),
  },
  shutdown: {
    label: "power.shutdown",
    running: "power.shutting-down",
    done: "power.shut-down",
    icon: "power",
    from: ON,
  },
  reboot: { label: "power.reboot", running: "power.rebooting", done: "power.rebooted", icon: "restart", from: ON },
  suspend: { label: "power.suspend", running: "power.suspending", done: "power.suspended", icon: "pause", from: ON },
  resume: {
    label: "power.resume",
    running: "power.resuming",
    done: "power.resumed",
    icon: "play",
    from: new Set<GuestState>(["paused"]),
  },
  reset: {
    label: "power.reset",
    running: "power.resetting",
    done: "power.reset-done",
    icon: "bolt",
    from: ON,
    confirm: { title: "power.reset-title", text: "power.reset-text", action: "power.reset-action" },
  },
  stop: {
    label: "power.stop",
    running: "power.stopping",
    done: "power.stopped",
    icon: "bolt",
    from: ON_OR_PAUSED,
    confirm: { title: "power.stop-title", text: "power.stop-text", action: "power.stop-action" },
  },
};

export const POWER_PRIVILEGE = "VM.PowerMgmt";

/** Why an action does nothing now; undefined when it does. */
export function whyNoPower(action: PowerAction, guest: GuestResource, state: GuestState): string | undefined {
  if (guest.guestKind === "lxc") return t("power.no-containers");
  if (guest.isTemplate) return t("power.is-template");
  if (state === "unknown") return t("power.is-unknown", { node: guest.node });
  if (state === "busy" && action !== "stop" && guest.lock !== undefined)
    return t("power.is-locked", { lock: guest.lock });
  return POWER[action].from.has(state) ? undefined : t("power.is-already", { state: t(`state.${state}`) });
}

/** @returns the task. */
export function callPower(api: ApiClient, action: PowerAction, { node, vmid }: GuestResource): Promise<string> {
  switch (action) {
    case "start":
      return api.post("/nodes/{node}/qemu/{vmid}/status/start", { node, vmid });
    case "shutdown":
      return api.post("/nodes/{node}/qemu/{vmid}/status/shutdown", { node, vmid });
    case "reboot":
      return api.post("/nodes/{node}/qemu/{vmid}/status/reboot", { node, vmid });
    case "stop":
      return api.post("/nodes/{node}/qemu/{vmid}/status/stop", { node, vmid });
    case "reset":
      return api.post("/nodes/{node}/qemu/{vmid}/status/reset", { node, vmid });
    case "suspend":
      return api.post("/nodes/{node}/qemu/{vmid}/status/suspend", { node, vmid });
    case "resume":
      return api.post("/nodes/{node}/qemu/{vmid}/status/resume", { node, vmid });
    default:
      return action satisfies never;
  }
}
