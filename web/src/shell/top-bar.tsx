import type { ReactNode } from "react";
import { useApp, useInventory, useTasks, useValue } from "../app-context.tsx";
import { IconButton } from "../parts/button.tsx";
import { Icon, Logo, StateShape } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import type { ThemeChoice } from "../preferences.ts";
import { Link } from "../route/navigation.tsx";
import { outcomeOf } from "../store/tasks.ts";
import { t } from "../text/t.ts";
import { LEVEL_SHAPE } from "../verdict/level-shape.ts";
import { useVerdict } from "../verdict/use-verdict.ts";
import { useTheme } from "./theme.ts";

interface TopBarProps {
  readonly onSearch: () => void;
  readonly onActivity: () => void;
  readonly onShortcuts: () => void;
}

const THEMES: readonly ThemeChoice[] = ["light", "dark", "auto"];

export function TopBar({ onSearch, onActivity, onShortcuts }: TopBarProps): ReactNode {
  const { preferences, session } = useApp();
  const theme = useTheme();
  const choice = useValue(preferences.theme);
  const state = useValue(session.state);
  const verdict = useVerdict();
  const running = useTasks().filter((task) => outcomeOf(task) === "running").length;
  const place = useInventory(({ nodes }) => (nodes.size === 1 ? [...nodes.keys()][0] : undefined));
  const user = state.kind === "signed-in" ? state.login.user : state.kind === "expired" ? state.user : "";
  const initials = user.slice(0, 2).toUpperCase();
  return (
    <header className="top">
      <Link className="brand" to="/">
        <Logo />
        {t("app.name")}
        {place === undefined ? null : <small>{place}</small>}
      </Link>
      <button className="omni" type="button" onClick={onSearch}>
        <Icon name="search" />
        <span>{t("search.invite")}</span>
        <kbd>{t("key.ctrl-k")}</kbd>
      </button>
      <div className="topr">
        <Link
          className={`pill ${verdict.level}`}
          to="/"
          aria-label={t("verdict.pill-label", { verdict: t(`level.${verdict.level}`) })}
        >
          <StateShape shape={LEVEL_SHAPE[verdict.level]} />
          <span className="lbl">{t(`level.${verdict.level}`)}</span>
        </Link>
        <button
          className="btn quiet acc"
          type="button"
          onClick={onActivity}
          aria-label={t("activity.open", { n: running })}
        >
          {running > 0 ? <StateShape shape="busy" /> : <Icon name="tasks" />}
          <span className="lbl" style={{ color: "var(--text)" }}>
            {running > 0 ? t("activity.running", { n: running }) : t("activity.title")}
          </span>
        </button>
        <IconButton
          className="tt"
          icon={theme === "dark" ? "sun" : "moon"}
          label={t("theme.switch")}
          onClick={() => preferences.theme.set(theme === "dark" ? "light" : "dark")}
        />
        <Menu
          className="me"
          label={t("me.menu", { user, initials })}
          items={[
            { kind: "text", text: t("me.signed-in", { user }) },
            ...THEMES.map((name) => ({
              label: t(`theme.${name}`),
              isChecked: choice === name,
              onSelect: () => preferences.theme.set(name),
            })),
            { kind: "line" },
            { label: t("shortcuts.title"), icon: "keyboard", onSelect: onShortcuts },
            { kind: "line" },
            { label: t("me.sign-out"), icon: "power", onSelect: () => session.signOut() },
          ]}
        >
          {initials}
        </Menu>
      </div>
    </header>
  );
}
