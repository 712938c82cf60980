import { lazy, type ReactNode, Suspense, useCallback, useEffect, useState } from "react";
import { useAllowed, useApp, useTasks, useValue } from "../app-context.tsx";
import { formatClock } from "../format/time.ts";
import { GuestActionsProvider } from "../guest/guest-actions.tsx";
import { preloadOverlays, Sheet } from "../overlays/lazy.tsx";
import { CrashFrame } from "../parts/crash-frame.tsx";
import { Icon, StateShape } from "../parts/icon.tsx";
import { Link } from "../route/navigation.tsx";
import type { Route } from "../route/routes.ts";
import { outcomeOf } from "../store/tasks.ts";
import { t } from "../text/t.ts";
import { AREAS } from "./areas.ts";
import { FootNav, Rail } from "./rail.tsx";
import { ShortcutList, useShortcuts } from "./shortcuts.tsx";
import { Toasts } from "./toasts.tsx";
import { TopBar } from "./top-bar.tsx";

const loadPalette = () => import("../palette/palette.tsx");
const Palette = lazy(async () => ({ default: (await loadPalette()).Palette }));
const ActivityDrawer = lazy(async () => ({ default: (await import("./activity.tsx")).ActivityDrawer }));

type Open = "search" | "activity" | "help" | "more" | undefined;

const PRELOAD_AFTER_MS = 2_000;

export function Shell({ route, children }: { readonly route: Route; readonly children: ReactNode }): ReactNode {
  const { preferences } = useApp();
  const isFolded = useValue(preferences.isRailFolded);
  const [open, setOpen] = useState<Open>(undefined);
  const close = useCallback(() => setOpen(undefined), []);
  const onSearch = useCallback(() => setOpen("search"), []);
  const onActivity = useCallback(() => setOpen((value) => (value === "activity" ? undefined : "activity")), []);
  const onHelp = useCallback(() => setOpen("help"), []);
  const onFoldRail = useCallback(() => preferences.isRailFolded.update((value) => !value), [preferences]);
  useShortcuts({ onSearch, onActivity, onHelp, onFoldRail });
  useRunningInTitle();
  useEffect(() => {
    // Letters that are typed before the search box is there would be taken for single keys.
    const timer = setTimeout(() => {
      preloadOverlays();
      void loadPalette();
    }, PRELOAD_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <GuestActionsProvider>
      <div className={`app${isFolded ? " folded" : ""}`}>
        <a className="btn skip" href="#main">
          {t("nav.skip")}
        </a>
        <TopBar onSearch={onSearch} onActivity={onActivity} onShortcuts={onHelp} />
        <Rail route={route} />
        <div style={{ minWidth: 0 }}>
          <NotLiveBar />
          <main
            id="main"
            tabIndex={-1}
            style={{ outline: 0 }}
            className={`main${route.page === "vm" || route.page === "create-vm" ? " has-acts" : ""}`}
          >
            <CrashFrame key={route.page}>{children}</CrashFrame>
          </main>
        </div>
      </div>
      <FootNav route={route} onSearch={onSearch} onMore={() => setOpen("more")} />
      <Toasts />
      <CrashFrame>
        <Suspense fallback={null}>
          {open === "search" ? <Palette onClose={close} /> : null}
          {open === "activity" ? <ActivityDrawer onClose={close} /> : null}
        </Suspense>
        {open === "help" ? <ShortcutList onClose={close} /> : null}
        {open === "more" ? <MoreSheet onClose={close} /> : null}
      </CrashFrame>
    </GuestActionsProvider>
  );
}

function NotLiveBar(): ReactNode {
  const state = useValue(useApp().feed.state);
  if (state.kind !== "lost") return null;
  return (
    <div className="notlive" role="status">
      <StateShape shape="warn" />
      {t("feed.lost", { time: formatClock(state.since) })}
    </div>
  );
}

/** On phones, what the bar at the bottom has no room for. */
function MoreSheet({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { session, preferences } = useApp();
  const allowed = useAllowed();
  const theme = useValue(preferences.theme);
  return (
    <Sheet title={t("nav.more")} onClose={onClose}>
      <nav className="more-list" aria-label={t("nav.more")}>
        {AREAS.filter(({ key, isSeen }) => !["o", "g", "t"].includes(key) && isSeen(allowed)).map(
          ({ to, label, icon }) => (
            <Link key={to} to={to} onClick={onClose}>
              <Icon name={icon} />
              {t(label)}
            </Link>
          ),
        )}
        {(["light", "dark", "auto"] as const).map((name) => (
          <button key={name} type="button" aria-pressed={theme === name} onClick={() => preferences.theme.set(name)}>
            <Icon name={name === "dark" ? "moon" : "sun"} />
            {t(`theme.${name}`)}
            {theme === name ? " ✓" : ""}
          </button>
        ))}
        <button type="button" onClick={() => session.signOut()}>
          <Icon name="power" />
          {t("me.sign-out")}
        </button>
      </nav>
    </Sheet>
  );
}

/** A tab that is not looked at says how many tasks run. */
function useRunningInTitle(): void {
  const tasks = useTasks();
  const running = tasks.filter((task) => outcomeOf(task) === "running").length;
  useEffect(() => {
    const show = (): void => {
      const bare = document.title.replace(/^\(\d+\) /, "");
      document.title = document.visibilityState === "hidden" && running > 0 ? `(${running}) ${bare}` : bare;
    };
    show();
    document.addEventListener("visibilitychange", show);
    return () => document.removeEventListener("visibilitychange", show);
  }, [running]);
}
