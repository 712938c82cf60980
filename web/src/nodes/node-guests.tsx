import type { ReactNode } from "react";
import { useInventory, useNow } from "../app-context.tsx";
import { formatBytes } from "../format/bytes.ts";
import { StateWord } from "../guest/state-word.tsx";
import { Meter } from "../parts/meter.tsx";
import { Link } from "../route/navigation.tsx";
import { guestState } from "../store/freshness.ts";
import { t } from "../text/t.ts";

export function NodeGuests({ node }: { readonly node: string }): ReactNode {
  const now = useNow(5000);
  const inventory = useInventory((value) => value);
  const guests = [...inventory.guests.values()].filter((guest) => guest.node === node).sort((a, b) => a.vmid - b.vmid);
  return (
    <section className="card" style={{ marginTop: 16 }}>
      {guests.length === 0 ? (
        <p className="nothing">{t("node.no-guests", { node })}</p>
      ) : (
        <div className="cardtable">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("column.state")}</th>
                <th scope="col" className="num">
                  {t("column.id")}
                </th>
                <th scope="col">{t("column.name-tags")}</th>
                <th scope="col" className="hide-m">
                  {t("column.cpu")}
                </th>
                <th scope="col" className="num hide-m">
                  {t("column.ram")}
                </th>
              </tr>
            </thead>
            <tbody>
              {guests.map((guest) => {
                const state = guestState(guest, inventory, now);
                return (
                  <tr key={guest.id} className={state === "unknown" ? "stale" : ""}>
                    <td>
                      <StateWord guest={guest} state={state} />
                    </td>
                    <td className="num mono faint">{guest.vmid}</td>
                    <td>
                      <Link className="strong" to={`/vm/${guest.vmid}`}>
                        {guest.name}
                      </Link>
                    </td>
                    <td className="hide-m" style={{ width: 140 }}>
                      <Meter share={state === "running" ? guest.cpu : undefined} />
                    </td>
                    <td className="num muted hide-m">
                      {guest.memoryTotal === undefined ? t("value.none") : formatBytes(guest.memoryTotal)}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
