/**
 * Sheets and dialogs of the component library: they hold the focus, close with Escape and give the focus back. This
 * module is loaded with the first of them.
 */
import { Drawer, MantineProvider, Modal } from "@mantine/core";
import "@mantine/core/styles/default-css-variables.css";
import "@mantine/core/styles/UnstyledButton.css";
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
import "@mantine/core/styles/Drawer.css";
import "./overlay.css";
import type { ReactNode } from "react";
import { t } from "../text/t.ts";
import { cssVariablesResolver, theme } from "./theme.ts";

export interface OverlayProps {
  readonly kind: "sheet" | "dialog" | "palette";
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

const PHONE = "(max-width: 760px)";
const TRANSITION = { duration: 140, timingFunction: "ease-out" } as const;

export function Overlay({ kind, title, onClose, children }: OverlayProps): ReactNode {
  const isDark = document.documentElement.dataset.theme === "dark";
  const isPhone = matchMedia(PHONE).matches;
  const shared = {
    opened: true,
    onClose,
    title,
    closeButtonProps: { "aria-label": t("action.close") },
    zIndex: 300,
    transitionProps: TRANSITION,
    overlayProps: { backgroundOpacity: 0.38 },
    // The library's <header> would count as a second banner of the page.
    attributes: { header: { role: "presentation" } },
  };
  return (
    <MantineProvider
      theme={theme}
      forceColorScheme={isDark ? "dark" : "light"}
      cssVariablesResolver={cssVariablesResolver}
    >
      {kind === "sheet" ? (
        <Drawer {...shared} position="right" size={isPhone ? "100%" : 480} padding="lg">
          {children}
        </Drawer>
      ) : (
        <Modal
          {...shared}
          centered={kind === "dialog"}
          size={kind === "palette" ? 620 : 460}
          padding={kind === "palette" ? 0 : "lg"}
          withCloseButton={kind === "dialog"}
          fullScreen={isPhone && kind === "palette"}
          yOffset="9vh"
          {...(kind === "palette"
            ? { title: undefined, attributes: { ...shared.attributes, content: { "aria-label": title } } }
            : {})}
        >
          {children}
        </Modal>
      )}
    </MantineProvider>
  );
}
