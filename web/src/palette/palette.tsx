/** One box for objects, pages and actions on objects. It works on the inventory that is already here. */
import { type KeyboardEvent, type ReactNode, useDeferredValue, useMemo, useState } from "react";
import { useAllowed, useApp, useInventory, useNow } from "../app-context.tsx";
import { type GuestAction, useGuestActions, useWhyNot } from "../guest/guest-actions.tsx";
import { POWER, type PowerAction } from "../guest/power.ts";
import { STATE_SHAPE } from "../guest/state-word.tsx";
import { PaletteFrame } from "../overlays/lazy.tsx";
import { IconButton } from "../parts/button.tsx";
import { Icon, type IconName, type Shape, StateShape } from "../parts/icon.tsx";
import { navigate } from "../route/navigation.tsx";
import { AREAS } from "../shell/areas.ts";
import { guestState, isNodeAway } from "../store/freshness.ts";
import { t } from "../text/t.ts";
import { type Candidate, rank } from "./rank.ts";
import { recentKeys, rememberRecent } from "./recent.ts";

interface Entry extends Candidate {
  readonly shape?: Shape;
  readonly icon?: IconName;
  readonly detail: string;
  readonly run: () => void;
}

const SHOWN = 12;
const ACTIONS: readonly PowerAction[] = ["start", "shutdown", "reboot", "stop", "suspend", "resume"];

export function Palette({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const entries = useEntries();
  const asked = useDeferredValue(query);
  const hits = useMemo(() => {
    if (asked.trim() !== "") return rank(entries, asked, SHOWN);
    const byKey = new Map(entries.map((entry) => [entry.key, entry]));
    const recent = recentKeys()
      .map((key) => byKey.get(key))
      .filter((entry) => entry !== undefined);
    const pages = entries.filter(({ kind, key }) => kind === "page" && !recent.some((entry) => entry.key === key));
    return [...recent, ...pages].slice(0, SHOWN);
  }, [entries, asked]);
  const current = Math.min(at, hits.length - 1);

  const run = (entry: Entry): void => {
    rememberRecent(entry.key);
    onClose();
    entry.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const entry = hits[current];
    if (step !== undefined) setAt((current + step + hits.length) % Math.max(1, hits.length));
    else if (event.key === "Enter" && entry !== undefined) run(entry);
    else return;
    event.preventDefault();
  };
  return (
    <PaletteFrame title={t("search.title")} onClose={onClose}>
      <div className="pal">
        <div className="ask">
          <input
            data-autofocus
            role="combobox"
            aria-label={t("search.title")}
            aria-expanded="true"
            aria-controls="palette-hits"
            aria-activedescendant={hits[current] === undefined ? undefined : `hit-${current}`}
            aria-autocomplete="list"
            placeholder={t("search.invite")}
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setAt(0);
            }}
            onKeyDown={onKey}
          />
          {/* Where there is neither Escape nor a place beside it. */}
          <IconButton icon="close" label={t("action.close")} onClick={onClose} />
        </div>
        {hits.length === 0 ? <p className="none">{t("search.nothing", { query })}</p> : null}
        <div id="palette-hits" className="hits" role="listbox" aria-label={t("search.hits")}>
          {hits.map((entry, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the box above takes the keys
            <div
              key={entry.key}
              id={`hit-${index}`}
              role="option"
              className="hit"
              tabIndex={-1}
              aria-selected={index === current}
              ref={index === current ? (element) => element?.scrollIntoView({ block: "nearest" }) : undefined}
              onClick={() => run(entry)}
              onPointerMove={() => setAt(index)}
            >
              {entry.shape === undefined ? <Icon name={entry.icon ?? "right"} /> : <StateShape shape={entry.shape} />}
              <span className="ell">{entry.title}</span>
              <span className="t2">{entry.detail}</span>
            </div>
          ))}
        </div>
      </div>
    </PaletteFrame>
  );
}

function useEntries(): readonly Entry[] {
  const inventory = useInventory((value) => value);
  const allowed = useAllowed();
  const { run } = useGuestActions();
  const whyNot = useWhyNot();
  const now = useNow(30_000);
  const { session } = useApp();
  // Made when the box opens; the few seconds that it is open need no newer one.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  return useMemo(() => {
    const out: Entry[] = [];
    for (const guest of inventory.guests.values()) {
      const { vmid, name, node, tags } = guest;
      const state = guestState(guest, inventory, now);
      const words = [String(vmid), node, ...tags];
      const go = (path: string) => () => navigate(path);
      out.push({
        key: `vm/${vmid}`,
        kind: "guest",
        title: name,
        words,
        shape: STATE_SHAPE[state],
        detail: `${vmid} · ${node}`,
        run: go(`/vm/${vmid}`),
      });
      if (guest.guestKind === "lxc") continue;
      const action = (key: string, title: string, icon: IconName, perform: () => void): void => {
        out.push({
          key: `action/${key}/${vmid}`,
          kind: "action",
          title,
          words: [String(vmid)],
          icon,
          detail: String(vmid),
          run: perform,
        });
      };
      if (allowed.may(`/vms/${vmid}`, "VM.Console")) {
        action("console", t("palette.console", { name }), "terminal", go(`/vm/${vmid}/console`));
      }
      for (const power of ACTIONS) {
        if (whyNot(power satisfies GuestAction, guest) !== undefined) continue;
        const { label, icon } = POWER[power];
        action(power, t("palette.action", { action: t(label), name }), icon, () => run(power, guest));
      }
      action("hardware", t("palette.hardware", { name }), "settings", go(`/vm/${vmid}/hardware`));
    }
    for (const node of inventory.nodes.values()) {
      const { name } = node;
      const shape: Shape = isNodeAway(node, now) ? "unknown" : "ok";
      out.push({
        key: `node/${name}`,
        kind: "node",
        title: name,
        words: ["node"],
        shape,
        detail: t("palette.node"),
        run: () => navigate(`/node/${name}`),
      });
      if (allowed.may(`/nodes/${name}`, "Sys.Console")) {
        out.push({
          key: `shell/${name}`,
          kind: "action",
          title: t("palette.shell", { name }),
          words: [],
          icon: "terminal",
          detail: t("palette.node"),
          run: () => navigate(`/node/${name}/shell`),
        });
      }
    }
    for (const name of new Set([...inventory.storages.values()].map((storage) => storage.name))) {
      out.push({
        key: `storage/${name}`,
        kind: "storage",
        title: name,
        words: ["storage"],
        icon: "storage",
        detail: t("palette.storage"),
        run: () => navigate(`/storage/${name}`),
      });
    }
    for (const { to, label, icon, isSeen } of AREAS) {
      if (!isSeen(allowed)) continue;
      out.push({
        key: `page${to}`,
        kind: "page",
        title: t(label),
        words: [],
        icon,
        detail: t("palette.page"),
        run: () => navigate(to),
      });
    }
    if (allowed.mayAnywhere("/vms", "VM.Allocate")) {
      out.push({
        key: "page/vm/new",
        kind: "page",
        title: t("create.title"),
        words: ["create"],
        icon: "plus",
        detail: t("palette.page"),
        run: () => navigate("/vm/new"),
      });
    }
    out.push({
      key: "action/sign-out",
      kind: "action",
      title: t("me.sign-out"),
      words: [],
      icon: "power",
      detail: "",
      run: () => session.signOut(),
    });
    return out;
  }, [inventory.guests.size, inventory.nodes.size]);
}
