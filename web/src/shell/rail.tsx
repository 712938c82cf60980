import type { ReactNode } from "react";
import { useAllowed, useInventory } from "../app-context.tsx";
import { Icon } from "../parts/icon.tsx";
import { Link } from "../route/navigation.tsx";
import type { Route } from "../route/routes.ts";
import { type MessageKey, t } from "../text/t.ts";
import { AREAS } from "./areas.ts";
import { Tree } from "./tree.tsx";

export function Rail({ route }: { readonly route: Route }): ReactNode {
  const allowed = useAllowed();
  const counts: Partial<Record<MessageKey, number>> = useInventory(({ nodes, guests, storages }) => ({
    "area.guests": guests.size,
    "area.nodes": nodes.size,
    "area.storage": new Set([...storages.values()].map(({ name }) => name)).size,
  }));
  return (
    <aside className="rail" aria-label={t("nav.rail")}>
      <nav aria-label={t("nav.main")}>
        {AREAS.filter(({ isSeen }) => isSeen(allowed)).map(({ to, label, icon, pages }) => (
          <Link key={to} to={to} aria-current={pages.has(route.page) ? "page" : undefined} title={t(label)}>
            <Icon name={icon} />
            <span className="lbl">{t(label)}</span>
            {counts[label] === undefined ? null : <span className="n">{counts[label]}</span>}
          </Link>
        ))}
      </nav>
      <Tree route={route} />
    </aside>
  );
}

export function FootNav({
  route,
  onSearch,
  onMore,
}: {
  readonly route: Route;
  readonly onSearch: () => void;
  readonly onMore: () => void;
}): ReactNode {
  const allowed = useAllowed();
  const shown = AREAS.filter(({ key, isSeen }) => ["o", "g", "t"].includes(key) && isSeen(allowed));
  const [overview, guests, tasks] = ["o", "g", "t"].map((key) => shown.find((area) => area.key === key));
  const item = (area: (typeof AREAS)[number] | undefined): ReactNode =>
    area === undefined ? (
      <span />
    ) : (
      <Link to={area.to} aria-current={area.pages.has(route.page) ? "page" : undefined}>
        <Icon name={area.icon} />
        {t(area.label)}
      </Link>
    );
  return (
    <nav className="foot" aria-label={t("nav.phone")}>
      {item(overview)}
      {item(guests)}
      <button type="button" onClick={onSearch}>
        <Icon name="search" />
        {t("search.title")}
      </button>
      {item(tasks)}
      <button type="button" onClick={onMore}>
        <Icon name="more" />
        {t("nav.more")}
      </button>
    </nav>
  );
}
