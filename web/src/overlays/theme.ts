/** The component library in the tokens of the design. */
import { type CSSVariablesResolver, createTheme } from "@mantine/core";

export const theme = createTheme({
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  defaultRadius: "md",
  radius: { xs: "var(--r1)", sm: "var(--r2)", md: "var(--r3)", lg: "var(--r4)", xl: "var(--r4)" },
  focusRing: "auto",
  respectReducedMotion: true,
});

const tokens = {
  "--mantine-color-body": "var(--surface)",
  "--mantine-color-text": "var(--text)",
  "--mantine-color-dimmed": "var(--muted)",
  "--mantine-color-default-border": "var(--line)",
  "--mantine-color-default-hover": "var(--hover)",
  "--mantine-shadow-xl": "var(--float)",
};

export const cssVariablesResolver: CSSVariablesResolver = () => ({ variables: tokens, light: tokens, dark: tokens });
