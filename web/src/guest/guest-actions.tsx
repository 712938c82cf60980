/** Starts actions on guests from wherever they are asked for: asks back first, tells of the task, one at a time each. */
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import { asApiError } from "../api/errors.ts";
import { useAllowed, useApp, useInventory, useNow } from "../app-context.tsx";
import { Confirm } from "../overlays/confirm.tsx";
import { navigate } from "../route/navigation.tsx";
import { guestState } from "../store/freshness.ts";
import type { GuestResource } from "../store/resources.ts";
import { t } from "../text/t.ts";
import { callPower, POWER, POWER_PRIVILEGE, type PowerAction, whyNoPower } from "./power.ts";

export type GuestAction = PowerAction | "delete";

interface GuestActions {
  readonly run: (action: GuestAction, guest: GuestResource) => void;
  /** What is under way for a guest, as started here. */
  readonly underWay: ReadonlyMap<number, GuestAction>;
}

const Context = createContext<GuestActions | undefined>(undefined);

export function useGuestActions(): GuestActions {
  const actions = useContext(Context);
  if (actions === undefined) throw new Error("there are no guest actions around this component");
  return actions;
}

export function GuestActionsProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const { api, follower } = useApp();
  const [underWay, setUnderWay] = useState<ReadonlyMap<number, GuestAction>>(new Map());
  const [asked, setAsked] = useState<{ readonly action: GuestAction; readonly guest: GuestResource } | undefined>(
    undefined,
  );

  const perform = useCallback(
    async (action: GuestAction, guest: GuestResource): Promise<void> => {
      const { name, vmid, node } = guest;
      const [running, done] =
        action === "delete"
          ? (["power.deleting", "power.deleted"] as const)
          : [POWER[action].running, POWER[action].done];
      setUnderWay((map) => new Map(map).set(vmid, action));
      try {
        const upid =
          action === "delete"
            ? await api.delete("/nodes/{node}/qemu/{vmid}", { node, vmid, purge: 1, "destroy-unreferenced-disks": 1 })
            : await callPower(api, action, guest);
        const end = await follower.follow(upid, { running: t(running, { name }), done: t(done, { name }) });
        if (action === "delete" && end.outcome === "ok" && location.pathname.startsWith(`/vm/${vmid}`))
          navigate("/guests");
      } catch (error) {
        const { message } = asApiError(error);
        follower.show({
          title: t("power.failed", { action: t(running, { name }) }),
          outcome: "failed",
          detail: message,
        });
      } finally {
        setUnderWay((map) => new Map([...map].filter(([id]) => id !== vmid)));
      }
    },
    [api, follower],
  );

  const run = useCallback(
    (action: GuestAction, guest: GuestResource): void => {
      if (action === "delete" || POWER[action].confirm !== undefined) setAsked({ action, guest });
      else void perform(action, guest);
    },
    [perform],
  );

  const value = useMemo(() => ({ run, underWay }), [run, underWay]);
  return (
    <Context value={value}>
      {children}
      {asked === undefined ? null : (
        <AskBack
          {...asked}
          onConfirm={() => void perform(asked.action, asked.guest)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </Context>
  );
}

function AskBack({
  action,
  guest: { name, vmid },
  onConfirm,
  onClose,
}: {
  readonly action: GuestAction;
  readonly guest: GuestResource;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}): ReactNode {
  if (action === "delete") {
    return (
      <Confirm
        title={t("delete.title", { name })}
        text={t("delete.text", { name, vmid })}
        action={t("delete.action", { name })}
        typedName={name}
        onConfirm={onConfirm}
        onClose={onClose}
      />
    );
  }
  const { confirm } = POWER[action];
  if (confirm === undefined) return null;
  return (
    <Confirm
      title={t(confirm.title, { name })}
      text={t(confirm.text, { name })}
      action={t(confirm.action, { name })}
      onConfirm={onConfirm}
      onClose={onClose}
    />
  );
}

/** Why an action on a guest cannot be started now: its state, or a right that is missing. */
export function useWhyNot(): (action: GuestAction, guest: GuestResource) => string | undefined {
  const { whyNot } = useAllowed();
  const inventory = useInventory((value) => value);
  const now = useNow(5000);
  const { underWay } = useGuestActions();
  return (action, guest) => {
    if (underWay.has(guest.vmid) && action !== "stop") return t("power.under-way");
    const state = guestState(guest, inventory, now);
    if (action === "delete") {
      return (
        whyNot(`/vms/${guest.vmid}`, "VM.Allocate") ?? (state === "stopped" ? undefined : t("delete.only-stopped"))
      );
    }
    return whyNot(`/vms/${guest.vmid}`, POWER_PRIVILEGE) ?? whyNoPower(action, guest, state);
  };
}
