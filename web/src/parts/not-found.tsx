import type { ReactNode } from "react";
import { useTitle } from "../app-context.tsx";
import { Link } from "../route/navigation.tsx";
import { t } from "../text/t.ts";

export function NotFound({ text }: { readonly text?: string }): ReactNode {
  useTitle(t("not-found.title"));
  return (
    <section className="card">
      <div className="nothing">
        <h1>{t("not-found.title")}</h1>
        <p style={{ marginTop: 8 }}>{text ?? t("not-found.text", { path: location.pathname })}</p>
        <Link className="btn" to="/">
          {t("not-found.home")}
        </Link>
      </div>
    </section>
  );
}
