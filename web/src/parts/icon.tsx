/** Icons of a 24 grid with a stroke of 1.75, and the shapes of states, which say the state without their colour. */
import type { ReactNode } from "react";

const ICONS = {
  home: <path d="M4 11 12 4l8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z" />,
  guest: (
    <>
      <rect x="3" y="4" width="18" height="12" rx="2" />
      <path d="M8 20h8M12 16v4" />
    </>
  ),
  node: (
    <>
      <rect x="3" y="4" width="18" height="7" rx="2" />
      <rect x="3" y="13" width="18" height="7" rx="2" />
      <path d="M7 7.5h.01M7 16.5h.01M12 7.5h5M12 16.5h5" />
    </>
  ),
  storage: (
    <>
      <ellipse cx="12" cy="6" rx="8" ry="3" />
      <path d="M4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3" />
    </>
  ),
  network: (
    <>
      <circle cx="12" cy="5" r="2.5" />
      <circle cx="5" cy="19" r="2.5" />
      <circle cx="19" cy="19" r="2.5" />
      <path d="M12 7.5V12M5 16.5V14a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v2.500" />
    </>
  ),
  tasks: <path d="M4 6h1M4 12h1M4 18h1M9 6h11M9 12h11M9 18h7" />,
  history: <path d="M3.500 12a8.500 8.500 0 1 0 2.600-6.100L3.500 8.500M3.500 4v4.500H8M12 7.500V12l3 2" />,
  settings: (
    <>
      <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
      <circle cx="15" cy="7" r="2" />
      <circle cx="9" cy="17" r="2" />
    </>
  ),
  search: (
    <>
      <circle cx="11" cy="11" r="6.500" />
      <path d="m20 20-4.300-4.300" />
    </>
  ),
  moon: <path d="M20 14.500A8.500 8.500 0 1 1 9.500 4a6.800 6.800 0 0 0 10.500 10.500z" />,
  sun: (
    <>
      <circle cx="12" cy="12" r="4" />
      <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600 7 7M17 17l1.400 1.400M5.600 18.400 7 17M17 7l1.400-1.400" />
    </>
  ),
  down: <path d="m7 10 5 5 5-5" />,
  up: <path d="m7 14 5-5 5 5" />,
  right: <path d="m10 7 5 5-5 5" />,
  more: <path d="M5 12h.01M12 12h.01M19 12h.01" strokeWidth="2.75" />,
  plus: <path d="M12 5v14M5 12h14" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  terminal: (
    <>
      <rect x="3" y="4" width="18" height="16" rx="2" />
      <path d="m7 9 3 3-3 3M12.500 15H17" />
    </>
  ),
  power: <path d="M12 3v8M6.500 6.800a8 8 0 1 0 11 0" />,
  play: <path d="M7 5v14l11-7z" />,
  restart: <path d="M20.500 12a8.500 8.500 0 1 1-2.500-6M20.500 3.500V8H16" />,
  pause: <path d="M8 5v14M16 5v14" />,
  bolt: <path d="M13 3 5 14h6l-1 7 8-11h-6z" />,
  trash: <path d="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.500 11v5M13.500 11v5" />,
  copy: (
    <>
      <rect x="9" y="9" width="11" height="11" rx="2" />
      <path d="M15 9V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h4" />
    </>
  ),
  columns: (
    <>
      <rect x="3" y="4" width="18" height="16" rx="2" />
      <path d="M9 4v16M15 4v16" />
    </>
  ),
  download: <path d="M12 4v10M8 10.500l4 4 4-4M4 20h16" />,
  upload: <path d="M12 15V4M8 8l4-4 4 4M4 20h16" />,
  disc: (
    <>
      <circle cx="12" cy="12" r="8.500" />
      <circle cx="12" cy="12" r="2.500" />
    </>
  ),
  empty: <rect x="4" y="4" width="16" height="16" rx="2" strokeDasharray="3 3" />,
  keyboard: (
    <>
      <rect x="3" y="6" width="18" height="12" rx="2" />
      <path d="M7 10h.01M11 10h.01M15 10h.01M8 14h8" />
    </>
  ),
  paste: (
    <>
      <rect x="5" y="5" width="14" height="16" rx="2" />
      <path d="M9 5V3h6v2M9 11h6M9 15h4" />
    </>
  ),
  full: <path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />,
  eye: (
    <>
      <path d="M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12z" />
      <circle cx="12" cy="12" r="2.750" />
    </>
  ),
  clock: (
    <>
      <circle cx="12" cy="12" r="8.500" />
      <path d="M12 7.500V12l3 2" />
    </>
  ),
  memory: (
    <>
      <rect x="3" y="7" width="18" height="10" rx="1.500" />
      <path d="M7 17v2M12 17v2M17 17v2M7 10.500v3M12 10.500v3M17 10.500v3" />
    </>
  ),
  processor: (
    <>
      <rect x="6" y="6" width="12" height="12" rx="2" />
      <path d="M10 3v3M14 3v3M10 18v3M14 18v3M3 10h3M3 14h3M18 10h3M18 14h3" />
    </>
  ),
  user: (
    <>
      <circle cx="12" cy="8" r="4" />
      <path d="M4.500 20.500c1-4 4-5.500 7.500-5.500s6.500 1.500 7.500 5.500" />
    </>
  ),
  key: (
    <>
      <circle cx="8" cy="15.500" r="4" />
      <path d="M11 12.500 19.500 4M16 7.500l2.500 2.500" />
    </>
  ),
  edit: <path d="M4 20h4L19 9l-4-4L4 16zM13 7l4 4" />,
  undo: <path d="M9 7H15a5 5 0 0 1 0 10H8M9 3 5 7l4 4" />,
} satisfies Readonly<Record<string, ReactNode>>;

export type IconName = keyof typeof ICONS;

export function Icon({ name, className = "" }: { readonly name: IconName; readonly className?: string }): ReactNode {
  return (
    <svg className={`i ${className}`} viewBox="0 0 24 24" aria-hidden="true">
      {ICONS[name]}
    </svg>
  );
}

export type Shape = "ok" | "check" | "stopped" | "paused" | "busy" | "warn" | "bad" | "unknown" | "maintenance";

const SHAPES: Readonly<Record<Shape, { readonly tone: string; readonly art: ReactNode }>> = {
  ok: { tone: "ok", art: <circle cx="6" cy="6" r="5" fill="currentColor" /> },
  check: {
    tone: "ok",
    art: (
      <path
        d="m1.600 6.500 3 3 5.800-6.700"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    ),
  },
  stopped: {
    tone: "off",
    art: (
      <rect
        x="1.800"
        y="1.800"
        width="8.400"
        height="8.400"
        rx="1.200"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.600"
      />
    ),
  },
  paused: {
    tone: "warn",
    art: (
      <>
        <rect x="2" y="1.500" width="3" height="9" rx=".8" fill="currentColor" />
        <rect x="7" y="1.500" width="3" height="9" rx=".8" fill="currentColor" />
      </>
    ),
  },
  busy: {
    tone: "acc",
    art: (
      <path
        className="spin"
        d="M6 1.200A4.800 4.800 0 1 1 1.200 6"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
      />
    ),
  },
  warn: {
    tone: "warn",
    art: (
      <>
        <path
          d="M6 .8 11.700 11H.3z"
          fill="currentColor"
          stroke="currentColor"
          strokeLinejoin="round"
          strokeWidth=".8"
        />
        <path d="M6 4.200v3.200M6 9.200v.1" stroke="var(--surface)" strokeWidth="1.300" strokeLinecap="round" />
      </>
    ),
  },
  bad: {
    tone: "bad",
    art: (
      <>
        <path d="M3.800.7h4.400l3.100 3.100v4.400l-3.100 3.100H3.800L.7 8.200V3.800z" fill="currentColor" />
        <path
          d="m4.200 4.200 3.600 3.600m0-3.600L4.200 7.800"
          stroke="var(--surface)"
          strokeWidth="1.300"
          strokeLinecap="round"
        />
      </>
    ),
  },
  unknown: {
    tone: "off",
    art: (
      <circle
        cx="6"
        cy="6"
        r="4.700"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.600"
        strokeDasharray="2.300 1.700"
      />
    ),
  },
  maintenance: {
    tone: "acc",
    art: (
      <path
        d="M10.800 2.400 9 4.200 7.800 3l1.800-1.800a3 3 0 0 0-3.700 3.900L1.200 9.800l1 1 4.700-4.700a3 3 0 0 0 3.900-3.700z"
        fill="currentColor"
      />
    ),
  },
};

/** @param label read aloud; without it the shape stands beside a word that says the same. */
export function StateShape({ shape, label }: { readonly shape: Shape; readonly label?: string }): ReactNode {
  const { tone, art } = SHAPES[shape];
  return (
    <svg
      className={`s ${tone}`}
      viewBox="0 0 12 12"
      role={label === undefined ? undefined : "img"}
      aria-label={label}
      aria-hidden={label === undefined ? true : undefined}
    >
      {art}
    </svg>
  );
}

export function Logo(): ReactNode {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" fill="none" strokeLinecap="round" strokeWidth="3.200">
      <path d="M14.180 3.270A9 9 0 0 1 20.650 14.480" stroke="var(--logo, var(--accent))" />
      <path d="M18.470 18.250A9 9 0 0 1 5.530 18.250" stroke="var(--logo, var(--accent))" />
      <path d="M3.350 14.480A9 9 0 0 1 9.820 3.270" stroke="currentColor" opacity=".28" />
    </svg>
  );
}
