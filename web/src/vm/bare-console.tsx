/** A console in a window of its own. */
import type { ReactNode } from "react";
import { useInventory, useNow, useTitle } from "../app-context.tsx";
import { GuestActionsProvider } from "../guest/guest-actions.tsx";
import { NotFound } from "../parts/not-found.tsx";
import { Toasts } from "../shell/toasts.tsx";
import { guestState } from "../store/freshness.ts";
import { t } from "../text/t.ts";
import { ConsoleTab } from "./console-tab.tsx";

export function BareConsole({ vmid }: { readonly vmid: number }): ReactNode {
  const inventory = useInventory((value) => value);
  const now = useNow(5000);
  const guest = inventory.guests.get(vmid);
  useTitle(guest === undefined ? String(vmid) : t("console.label", { name: guest.name }));
  if (guest === undefined) return inventory.isLoaded ? <NotFound text={t("vm.gone", { vmid })} /> : null;
  return (
    <GuestActionsProvider>
      <main className="bare">
        <h1 className="sr">{t("console.label", { name: guest.name })}</h1>
        <ConsoleTab guest={guest} state={guestState(guest, inventory, now)} />
      </main>
      <Toasts />
    </GuestActionsProvider>
  );
}
