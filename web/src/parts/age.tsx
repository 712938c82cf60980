import type { ReactNode } from "react";
import { useNow } from "../app-context.tsx";
import { formatAge, formatExact, formatWhen } from "../format/time.ts";
import { t } from "../text/t.ts";

/** "6 min ago", counting on. @param at epoch seconds on the server's clock. */
export function Ago({ at }: { readonly at: number }): ReactNode {
  const now = useNow();
  return <time title={formatExact(at)}>{t("value.ago", { age: formatAge(now - at) })}</time>;
}

/** When it was: by the clock today, by the day before. */
export function When({ at, now }: { readonly at: number; readonly now: number }): ReactNode {
  return <time title={formatExact(at)}>{formatWhen(at, now)}</time>;
}
