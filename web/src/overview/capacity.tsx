import type { ReactNode } from "react";
import { useInventory, useNow } from "../app-context.tsx";
import { formatPart } from "../format/bytes.ts";
import { Bar } from "../parts/meter.tsx";
import { isNodeAway } from "../store/freshness.ts";
import { t } from "../text/t.ts";

const sum = (values: readonly (number | undefined)[]): number =>
  values.reduce((total: number, value) => total + (value ?? 0), 0);

/** What the nodes that answer have, and what of it is in use. */
export function Capacity(): ReactNode {
  const now = useNow(5000);
  const inventory = useInventory((value) => value);
  const nodes = [...inventory.nodes.values()];
  const away = nodes.filter((node) => isNodeAway(node, now));
  const here = nodes.filter((node) => !away.includes(node));
  const names = new Set(here.map(({ name }) => name));
  const guests = [...inventory.guests.values()].filter((guest) => names.has(guest.node) && !guest.isTemplate);
  const seen = new Set<string>();
  const storages = [...inventory.storages.values()].filter((storage) => {
    const key = storage.isShared ? storage.name : storage.id;
    if (!names.has(storage.node) || !storage.isAvailable || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  if (here.length === 0) return null;
  const memory = { used: sum(here.map((node) => node.memory)), total: sum(here.map((node) => node.memoryTotal)) };
  const promised = sum(guests.filter(({ status }) => status === "running").map((guest) => guest.memoryTotal));
  const cores = {
    used: sum(guests.filter(({ status }) => status === "running").map((guest) => guest.cores)),
    total: sum(here.map((node) => node.cores)),
  };
  const space = { used: sum(storages.map(({ used }) => used)), total: sum(storages.map(({ total }) => total)) };
  const memoryText = formatPart(memory.used, memory.total);
  const spaceText = formatPart(space.used, space.total);
  return (
    <section className="card">
      <div className="ch">
        <h2>{t("capacity.title")}</h2>
        {away.length === 0 ? null : (
          <span className="more">{t("capacity.without", { names: away.map(({ name }) => name).join(", ") })}</span>
        )}
      </div>
      <div className="cap">
        {memory.total === 0 ? null : (
          <div>
            <div className="l">
              <span>{t("capacity.memory")}</span>
              <span>
                <b>{memoryText.used}</b>
                <span className="faint"> {t("value.of", { total: memoryText.total })}</span>
              </span>
            </div>
            <Bar share={memory.used / memory.total} reserved={Math.min(1, promised / memory.total)} />
          </div>
        )}
        {cores.total === 0 ? null : (
          <div>
            <div className="l">
              <span>{t("capacity.cores")}</span>
              <span>
                <b>{cores.used}</b>
                <span className="faint"> {t("value.of", { total: cores.total })}</span>
              </span>
            </div>
            {/* Cores may be promised more than once: that is no alarm. */}
            <Bar share={cores.used / cores.total} isCalm />
          </div>
        )}
        {space.total === 0 ? null : (
          <div>
            <div className="l">
              <span>{t("capacity.storage")}</span>
              <span>
                <b>{spaceText.used}</b>
                <span className="faint"> {t("value.of", { total: spaceText.total })}</span>
              </span>
            </div>
            <Bar share={space.used / space.total} />
          </div>
        )}
        {promised > 0 ? (
          <span className="faint" style={{ fontSize: 12 }}>
            {t("capacity.hatched")}
          </span>
        ) : null}
      </div>
    </section>
  );
}
