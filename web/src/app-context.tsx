/** What every part of the interface may use, made once in main.tsx. */
import { createContext, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { ApiClient } from "./api/client.ts";
import type { Session } from "./api/session.ts";
import type { Preferences } from "./preferences.ts";
import type { LiveFeed } from "./store/live-feed.ts";
import { may, mayAnywhere, type Permissions } from "./store/permissions.ts";
import type { Inventory } from "./store/resources.ts";
import type { TaskFollower } from "./store/task-follower.ts";
import type { Task } from "./store/tasks.ts";
import type { ValueStore } from "./store/value-store.ts";
import { type MessageKey, t } from "./text/t.ts";

export interface App {
  readonly api: ApiClient;
  readonly session: Session;
  readonly feed: LiveFeed;
  readonly follower: TaskFollower;
  readonly preferences: Preferences;
  /** Undefined until they are known. */
  readonly permissions: ValueStore<Permissions | undefined>;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error("there is no app around this component");
  return app;
}

export function useValue<T>(store: ValueStore<T>): T {
  return useSyncExternalStore(store.subscribe, () => store.value);
}

/** A part of a value; the component is drawn again only when that part is another one. */
export function useSelected<T, S>(store: ValueStore<T>, select: (value: T) => S): S {
  const last = useRef<{ readonly from: T; readonly selected: S } | undefined>(undefined);
  return useSyncExternalStore(store.subscribe, () => {
    if (last.current === undefined || !Object.is(last.current.from, store.value)) {
      const selected = select(store.value);
      const isSame = last.current !== undefined && isShallowEqual(last.current.selected, selected);
      last.current = {
        from: store.value,
        selected: isSame && last.current !== undefined ? last.current.selected : selected,
      };
    }
    return last.current.selected;
  });
}

function isShallowEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((item, index) => Object.is(item, b[index]));
}

export function useInventory<S>(select: (inventory: Inventory) => S): S {
  const { inventory } = useApp().feed;
  // Selectors close over properties of their component: they are run again with each drawing.
  const value = useValue(inventory);
  return select(value);
}

export function useTasks(): readonly Task[] {
  return useValue(useApp().feed.tasks);
}

/** Epoch seconds on the server's clock, ticking. */
export function useNow(everyMs = 1000): number {
  const { skew } = useApp().feed;
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now + skew.value;
}

export interface Allowed {
  /** Whether the user has the privilege on the path. */
  readonly may: (path: string, privilege: string) => boolean;
  readonly mayAnywhere: (prefix: string, privilege: string) => boolean;
  /** Why not, for tooltips; undefined when it is allowed. */
  readonly whyNot: (path: string, privilege: string) => string | undefined;
}

export function useAllowed(): Allowed {
  const permissions = useValue(useApp().permissions);
  const allows = (path: string, privilege: string): boolean =>
    permissions !== undefined && may(permissions, path, privilege);
  return {
    may: allows,
    mayAnywhere: (prefix, privilege) => permissions !== undefined && mayAnywhere(permissions, prefix, privilege),
    whyNot: (path, privilege) => (allows(path, privilege) ? undefined : t("action.needs", { privilege, path })),
  };
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Quorate`;
  }, [title]);
}

export type { MessageKey };
