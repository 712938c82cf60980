import type { ReactNode } from "react";
import { useApp, useTitle } from "../app-context.tsx";
import { IconButton } from "../parts/button.tsx";
import { Logo } from "../parts/icon.tsx";
import { useTheme } from "../shell/theme.ts";
import { t } from "../text/t.ts";
import { LoginForm } from "./login-form.tsx";

export function LoginPage(): ReactNode {
  const { preferences } = useApp();
  const theme = useTheme();
  useTitle(t("login.title"));
  return (
    <div className="login">
      <aside className="hero">
        <Art />
        <div className="brand" style={{ position: "relative", "--logo": "#86A9FF" } as React.CSSProperties}>
          <Logo />
          {t("app.name")}
        </div>
        <h2>{t("login.hero")}</h2>
        <dl>
          <dt>{t("login.address")}</dt>
          <dd>
            {location.host}
            <p>{t("login.compare")}</p>
          </dd>
        </dl>
      </aside>
      <main className="lform">
        <IconButton
          className="tt"
          icon={theme === "dark" ? "sun" : "moon"}
          label={t("theme.switch")}
          onClick={() => preferences.theme.set(theme === "dark" ? "light" : "dark")}
        />
        <LoginForm />
      </main>
    </div>
  );
}

/** Rings of three arcs, two whole, one open: majorities. */
function Art(): ReactNode {
  return (
    <svg className="art" viewBox="0 0 760 760" fill="none" aria-hidden="true">
      <path d="M534.93 88.63A330 330 0 0 1 625.24 600.81" stroke="#2F5FE0" strokeWidth="64" strokeOpacity="0.320" />
      <path d="M554.87 659.86A330 330 0 0 1 66.15 481.98" stroke="#2F5FE0" strokeWidth="64" strokeOpacity="0.320" />
      <path
        d="M50.20 391.52A330 330 0 0 1 448.61 57.21"
        stroke="#8793A4"
        strokeWidth="2"
        strokeOpacity="0.660"
        strokeDasharray="3 9"
        strokeLinecap="round"
      />
      <path d="M604.32 352.46A226 226 0 0 1 352.46 604.32" stroke="#2F5FE0" strokeWidth="44" strokeOpacity="0.200" />
      <path d="M291.69 588.03A226 226 0 0 1 199.51 243.99" stroke="#2F5FE0" strokeWidth="44" strokeOpacity="0.200" />
      <path
        d="M243.99 199.51A226 226 0 0 1 588.03 291.69"
        stroke="#8793A4"
        strokeWidth="2"
        strokeOpacity="0.420"
        strokeDasharray="3 9"
        strokeLinecap="round"
      />
      <path d="M434.69 515.37A146 146 0 0 1 235.42 400.32" stroke="#2F5FE0" strokeWidth="28" strokeOpacity="0.120" />
      <path d="M235.42 359.68A146 146 0 0 1 434.69 244.63" stroke="#2F5FE0" strokeWidth="28" strokeOpacity="0.120" />
      <path
        d="M469.89 264.95A146 146 0 0 1 469.89 495.05"
        stroke="#8793A4"
        strokeWidth="2"
        strokeOpacity="0.240"
        strokeDasharray="3 9"
        strokeLinecap="round"
      />
    </svg>
  );
}
