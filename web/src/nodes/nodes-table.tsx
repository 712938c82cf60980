import type { ReactNode } from "react";
import { useInventory, useNow } from "../app-context.tsx";
import { formatAge } from "../format/time.ts";
import { StateShape } from "../parts/icon.tsx";
import { Meter } from "../parts/meter.tsx";
import { Link } from "../route/navigation.tsx";
import { freshness, isNodeAway } from "../store/freshness.ts";
import { t } from "../text/t.ts";

function share(used: number | undefined, total: number | undefined): number | undefined {
  return used === undefined || total === undefined || total === 0 ? undefined : used / total;
}

export function NodesTable(): ReactNode {
  const now = useNow();
  const inventory = useInventory((value) => value);
  const nodes = [...inventory.nodes.values()].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const guestsOn = (name: string): number => [...inventory.guests.values()].filter(({ node }) => node === name).length;
  return (
    <div className="cardtable">
      <table>
        <thead>
          <tr>
            <th scope="col">{t("column.node")}</th>
            <th scope="col">{t("column.cpu")}</th>
            <th scope="col">{t("column.memory")}</th>
            <th scope="col" className="hide-m">
              {t("column.local-disk")}
            </th>
            <th scope="col" className="num hide-m">
              {t("area.guests")}
            </th>
            <th scope="col" className="num hide-m">
              {t("column.uptime")}
            </th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => {
            const isAway = isNodeAway(node, now);
            const age = now - node.at;
            return (
              <tr key={node.name} className={isAway ? "stale" : ""}>
                <td>
                  <span className="st">
                    <StateShape shape={isAway ? "unknown" : "ok"} label={t(isAway ? "node.away" : "node.online")} />
                    <Link className="strong" to={`/node/${node.name}`}>
                      {node.name}
                    </Link>
                    {isAway || freshness(age) !== "fresh" ? (
                      <span>{t("value.ago", { age: formatAge(age) })}</span>
                    ) : null}
                  </span>
                </td>
                <td style={{ width: "19%" }}>
                  <Meter share={node.cpu} isStale={isAway} />
                </td>
                <td style={{ width: "19%" }}>
                  <Meter share={share(node.memory, node.memoryTotal)} isStale={isAway} />
                </td>
                <td style={{ width: "19%" }} className="hide-m">
                  <Meter share={share(node.disk, node.diskTotal)} isStale={isAway} />
                </td>
                <td className="num hide-m">{guestsOn(node.name)}</td>
                <td className="num hide-m">
                  {isAway || node.uptime === undefined ? t("value.none") : formatAge(node.uptime)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
