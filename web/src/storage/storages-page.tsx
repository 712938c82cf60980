import type { ReactNode } from "react";
import { useInventory, useNow, useTitle } from "../app-context.tsx";
import { formatPart } from "../format/bytes.ts";
import { formatAge } from "../format/time.ts";
import { StateShape } from "../parts/icon.tsx";
import { Meter } from "../parts/meter.tsx";
import { Link } from "../route/navigation.tsx";
import { isNodeAway } from "../store/freshness.ts";
import type { StorageResource } from "../store/resources.ts";
import { t } from "../text/t.ts";

export function StoragesPage(): ReactNode {
  useTitle(t("area.storage"));
  const now = useNow();
  const { storages, nodes, isLoaded } = useInventory((inventory) => inventory);
  // A shared storage is one row, whichever node told of it last.
  const rows = new Map<string, StorageResource>();
  for (const storage of storages.values()) {
    const key = storage.isShared ? storage.name : storage.id;
    const known = rows.get(key);
    if (known === undefined || known.at < storage.at) rows.set(key, storage);
  }
  const list = [...rows.values()].sort(
    (a, b) =>
      a.name.localeCompare(b.name, "en", { numeric: true }) || a.node.localeCompare(b.node, "en", { numeric: true }),
  );
  return (
    <>
      <div className="ph">
        <h1>{t("area.storage")}</h1>
        <span className="faint cnt">{t("storage.count", { n: list.length })}</span>
      </div>
      <section className="card">
        {list.length === 0 && isLoaded ? <p className="nothing">{t("storage.none")}</p> : null}
        <div className="cardtable">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("column.storage")}</th>
                <th scope="col">{t("column.fill")}</th>
                <th scope="col" className="num hide-m">
                  {t("column.space")}
                </th>
                <th scope="col" className="hide-m">
                  {t("column.type")}
                </th>
                <th scope="col" className="hide-m">
                  {t("column.content")}
                </th>
                <th scope="col">{t("column.node")}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((storage) => {
                const isAway = isNodeAway(nodes.get(storage.node), now) || !storage.isAvailable;
                const part =
                  storage.used === undefined || storage.total === undefined
                    ? undefined
                    : formatPart(storage.used, storage.total);
                return (
                  <tr key={storage.id} className={isAway ? "stale" : ""}>
                    <td>
                      <span className="st">
                        <StateShape
                          shape={isAway ? "unknown" : "ok"}
                          label={t(isAway ? "storage.away" : "storage.available")}
                        />
                        <Link className="strong" to={`/storage/${storage.name}?node=${storage.node}`}>
                          {storage.name}
                        </Link>
                        {isAway ? <span>{t("value.ago", { age: formatAge(now - storage.at) })}</span> : null}
                      </span>
                    </td>
                    <td style={{ width: "24%" }}>
                      <Meter
                        share={
                          storage.used === undefined || storage.total === undefined || storage.total === 0
                            ? undefined
                            : storage.used / storage.total
                        }
                        isStale={isAway}
                      />
                    </td>
                    <td className="num muted hide-m">{part === undefined ? t("value.none") : t("plan.of", part)}</td>
                    <td className="hide-m">{storage.type}</td>
                    <td className="muted hide-m">{storage.content.join(", ")}</td>
                    <td>{storage.isShared ? t("storage.shared") : storage.node}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
