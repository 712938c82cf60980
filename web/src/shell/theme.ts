import { useEffect } from "react";
import { useApp, useValue } from "../app-context.tsx";
import type { ThemeChoice } from "../preferences.ts";
import { ValueStore } from "../store/value-store.ts";

const system = matchMedia("(prefers-color-scheme: dark)");

/** The theme that is drawn; graphs read their colours from it. */
export const shownTheme = new ValueStore<"light" | "dark">(
  document.documentElement.dataset.theme === "dark" ? "dark" : "light",
);

export function useTheme(): "light" | "dark" {
  const { preferences } = useApp();
  const choice = useValue(preferences.theme);
  useEffect(() => {
    const show = (): void => {
      const theme = themeOf(choice);
      document.documentElement.dataset.theme = theme;
      shownTheme.set(theme);
    };
    show();
    system.addEventListener("change", show);
    return () => system.removeEventListener("change", show);
  }, [choice]);
  return useValue(shownTheme);
}

function themeOf(choice: ThemeChoice): "light" | "dark" {
  return choice === "auto" ? (system.matches ? "dark" : "light") : choice;
}
