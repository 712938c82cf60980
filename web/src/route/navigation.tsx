/** Where the interface is, and how it goes elsewhere: real paths, through the browser's history. */
import { type AnchorHTMLAttributes, type ReactNode, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
addEventListener("popstate", tell);

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A page with work that is not saved. @returns false to stay. */
export type LeaveGuard = () => boolean;
const guards = new Set<LeaveGuard>();

export function addLeaveGuard(guard: LeaveGuard): () => void {
  guards.add(guard);
  return () => guards.delete(guard);
}

export function navigate(to: string, options: { readonly replace?: boolean } = {}): void {
  const target = new URL(to, location.href);
  const isOtherPage = target.pathname !== location.pathname;
  if (isOtherPage && ![...guards].every((guard) => guard())) return;
  if (options.replace === true) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  if (isOtherPage) scrollTo(0, 0);
  tell();
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

export function useSearch(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, () => location.search));
}

/** One parameter of the address; setting it to undefined takes it out. It replaces the entry in the history. */
export function useSearchParam(name: string): [string | undefined, (value: string | undefined) => void] {
  const value = useSearch().get(name) ?? undefined;
  return [
    value,
    (next) => {
      const search = new URLSearchParams(location.search);
      if (next === undefined || next === "") search.delete(name);
      else search.set(name, next);
      const text = search.toString();
      navigate(location.pathname + (text === "" ? "" : `?${text}`), { replace: true });
    },
  ];
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly to: string;
  readonly children: ReactNode;
}

/** A link of the interface: opens in place, and as any link in a new tab when asked for. */
export function Link({ to, onClick, children, ...rest }: LinkProps): ReactNode {
  return (
    <a
      {...rest}
      href={to}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0) return;
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </a>
  );
}
