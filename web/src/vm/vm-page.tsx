import { lazy, type ReactNode, Suspense } from "react";
import { useAllowed, useInventory, useNow, useTitle } from "../app-context.tsx";
import { formatAge, formatDuration } from "../format/time.ts";
import { useGuestActions, useWhyNot } from "../guest/guest-actions.tsx";
import { POWER } from "../guest/power.ts";
import { STATE_SHAPE } from "../guest/state-word.tsx";
import { Button } from "../parts/button.tsx";
import { CrashFrame } from "../parts/crash-frame.tsx";
import { Icon, StateShape } from "../parts/icon.tsx";
import { Menu, type MenuItem } from "../parts/menu.tsx";
import { NotFound } from "../parts/not-found.tsx";
import { Link } from "../route/navigation.tsx";
import { freshness, type GuestState, guestState } from "../store/freshness.ts";
import type { GuestResource } from "../store/resources.ts";
import { type MessageKey, t } from "../text/t.ts";
import { T } from "../text/text.tsx";
import { useCall } from "../use-call.ts";
import { pendingKeys } from "./pending.ts";

const Summary = lazy(async () => ({ default: (await import("./summary-tab.tsx")).SummaryTab }));
const ConsoleTab = lazy(async () => ({ default: (await import("./console-tab.tsx")).ConsoleTab }));
const Hardware = lazy(async () => ({ default: (await import("./hardware-tab.tsx")).HardwareTab }));
const Options = lazy(async () => ({ default: (await import("./options-tab.tsx")).OptionsTab }));
const GuestTasks = lazy(async () => ({ default: (await import("./guest-tasks-tab.tsx")).GuestTasksTab }));

export interface TabProps {
  readonly guest: GuestResource;
  readonly state: GuestState;
}

const TABS: readonly {
  readonly id: string;
  readonly label: MessageKey;
  readonly draw: (props: TabProps) => ReactNode;
  readonly privilege?: string;
}[] = [
  { id: "summary", label: "tab.summary", draw: (props) => <Summary {...props} /> },
  { id: "console", label: "tab.console", draw: (props) => <ConsoleTab {...props} />, privilege: "VM.Console" },
  { id: "hardware", label: "tab.hardware", draw: (props) => <Hardware {...props} /> },
  { id: "options", label: "tab.options", draw: (props) => <Options {...props} /> },
  { id: "tasks", label: "tab.tasks", draw: (props) => <GuestTasks {...props} /> },
];

export function VmPage({ vmid, tab }: { readonly vmid: number; readonly tab: string }): ReactNode {
  const guest = useInventory(({ guests }) => guests.get(vmid));
  const isLoaded = useInventory((inventory) => inventory.isLoaded);
  const inventory = useInventory((value) => value);
  const now = useNow();
  const { may } = useAllowed();
  useTitle(guest?.name ?? String(vmid));
  if (guest === undefined) {
    return isLoaded ? <NotFound text={t("vm.gone", { vmid })} /> : <span className="sk" style={{ height: 80 }} />;
  }
  const state = guestState(guest, inventory, now);
  const tabs = TABS.filter(({ privilege }) => privilege === undefined || may(`/vms/${vmid}`, privilege));
  const shown = tabs.find(({ id }) => id === tab);
  if (shown === undefined) return <NotFound />;
  return (
    <>
      <nav className="crumb" aria-label={t("nav.path")}>
        <Link to="/guests">{t("area.guests")}</Link>
        <span aria-hidden="true">/</span>
        <span>{guest.name}</span>
      </nav>
      <Header guest={guest} state={state} now={now} />
      <nav className="tabs" aria-label={t("vm.tabs", { name: guest.name })}>
        {tabs.map(({ id, label }) => (
          <Link
            key={id}
            to={id === "summary" ? `/vm/${vmid}` : `/vm/${vmid}/${id}`}
            aria-current={id === shown.id ? "page" : undefined}
          >
            {t(label)}
            {id === "hardware" ? <PendingDot guest={guest} /> : null}
          </Link>
        ))}
      </nav>
      <CrashFrame key={shown.id}>
        <Suspense fallback={<span className="sk" style={{ height: 300, marginTop: 16 }} />}>
          {shown.draw({ guest, state })}
        </Suspense>
      </CrashFrame>
    </>
  );
}

function PendingDot({ guest: { node, vmid } }: { readonly guest: GuestResource }): ReactNode {
  const { data } = useCall("/nodes/{node}/qemu/{vmid}/pending", { node, vmid });
  const count = pendingKeys(data).length;
  return count === 0 ? null : (
    <span className="dot" role="img" aria-label={t("vm.pending", { n: count })} title={t("vm.pending", { n: count })} />
  );
}

function Header({ guest, state, now }: TabProps & { readonly now: number }): ReactNode {
  const age = now - guest.at;
  return (
    <div className="obj">
      <div>
        <h1>
          <StateShape shape={STATE_SHAPE[state]} />
          {guest.name}
          <span className="id">{guest.vmid}</span>
        </h1>
        <div className="sub">
          <span>
            <T
              k={state === "running" && guest.uptime !== undefined ? "vm.state-since" : "vm.state"}
              state={
                <b className="strong" style={{ color: "var(--text)" }}>
                  {t(`state.${state}`)}
                </b>
              }
              time={guest.uptime === undefined ? "" : formatDuration(guest.uptime + Math.min(Math.max(0, age), 60))}
              node={
                <Link className="link" to={`/node/${guest.node}`}>
                  {guest.node}
                </Link>
              }
            />
          </span>
          <span className="tags">
            {guest.tags.map((tag) => (
              <Link key={tag} className="tag" to={`/guests?q=${encodeURIComponent(`tag:${tag}`)}`}>
                {tag}
              </Link>
            ))}
          </span>
          {guest.lock === undefined ? null : (
            <span className="st">
              <StateShape shape="busy" />
              {t("state.lock", { lock: guest.lock })}
            </span>
          )}
          {state === "unknown" || freshness(age) !== "fresh" ? (
            <span className="st">
              <Icon name="clock" />
              {t("vm.known-from", { age: formatAge(age) })}
            </span>
          ) : null}
        </div>
      </div>
      <Actions guest={guest} state={state} />
    </div>
  );
}

function Actions({ guest, state }: TabProps): ReactNode {
  const { run, underWay } = useGuestActions();
  const whyNot = useWhyNot();
  const { whyNot: whyNoRight } = useAllowed();
  const busy = underWay.get(guest.vmid);
  const first =
    state === "paused" ? "resume" : state === "running" || state === "error" || state === "busy" ? "shutdown" : "start";
  const others = (["start", "reboot", "suspend", "resume", "reset", "stop"] as const).filter(
    (action) => action !== first,
  );
  const items: readonly MenuItem[] = others.map((action) => ({
    label: t(POWER[action].label),
    icon: POWER[action].icon,
    isDangerous: POWER[action].confirm !== undefined,
    whyNot: whyNot(action, guest),
    onSelect: () => run(action, guest),
  }));
  return (
    <div className="acts" data-actions>
      {whyNoRight(`/vms/${guest.vmid}`, "VM.Console") === undefined ? (
        <Link className="btn pri" to={`/vm/${guest.vmid}/console`}>
          <Icon name="terminal" />
          {t("tab.console")}
        </Link>
      ) : null}
      <span className="split">
        <Button
          icon={POWER[first].icon}
          isBusy={busy !== undefined}
          whyNot={busy === undefined ? whyNot(first, guest) : undefined}
          onClick={() => run(first, guest)}
        >
          {busy === undefined
            ? t(POWER[first].label)
            : busy === "delete"
              ? t("power.deleting-word")
              : t(`${POWER[busy].running}-word` as "power.starting-word")}
        </Button>
        <Menu label={t("power.other")} items={items}>
          <Icon name="down" />
        </Menu>
      </span>
      <Menu
        label={t("action.more")}
        className="btn"
        items={[
          {
            label: t("vm.copy-id"),
            icon: "copy",
            onSelect: () => void navigator.clipboard.writeText(String(guest.vmid)),
          },
          { kind: "line" },
          {
            label: t("delete.menu"),
            icon: "trash",
            isDangerous: true,
            whyNot: whyNot("delete", guest),
            onSelect: () => run("delete", guest),
          },
        ]}
      >
        <Icon name="more" />
      </Menu>
    </div>
  );
}
