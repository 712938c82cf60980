import { lazy, type ReactNode, Suspense } from "react";
import type { OverlayProps } from "./overlay.tsx";

const load = () => import("./overlay.tsx");
const Overlay = lazy(async () => ({ default: (await load()).Overlay }));

/** Fetched once the page is calm, so that the first sheet opens at once. */
export function preloadOverlays(): void {
  void load();
}

export function Sheet(props: Omit<OverlayProps, "kind">): ReactNode {
  return (
    <Suspense fallback={null}>
      <Overlay kind="sheet" {...props} />
    </Suspense>
  );
}

export function Dialog(props: Omit<OverlayProps, "kind">): ReactNode {
  return (
    <Suspense fallback={null}>
      <Overlay kind="dialog" {...props} />
    </Suspense>
  );
}

export function PaletteFrame(props: Omit<OverlayProps, "kind">): ReactNode {
  return (
    <Suspense fallback={null}>
      <Overlay kind="palette" {...props} />
    </Suspense>
  );
}
