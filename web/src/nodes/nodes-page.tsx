import type { ReactNode } from "react";
import { useInventory, useTitle } from "../app-context.tsx";
import { t } from "../text/t.ts";
import { NodesTable } from "./nodes-table.tsx";

export function NodesPage(): ReactNode {
  useTitle(t("area.nodes"));
  const count = useInventory(({ nodes }) => nodes.size);
  return (
    <>
      <div className="ph">
        <h1>{t("area.nodes")}</h1>
        <span className="faint cnt">{t("nodes.count", { n: count })}</span>
      </div>
      <section className="card">
        <NodesTable />
      </section>
    </>
  );
}
