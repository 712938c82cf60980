/** What will happen, before it happens: what is made and where, whether it fits, and the same as a command. */
import { type ReactNode, useState } from "react";
import { useInventory } from "../app-context.tsx";
import { formatBytes, formatPart, parseSize } from "../format/bytes.ts";
import { Button } from "../parts/button.tsx";
import { Icon, type Shape, StateShape } from "../parts/icon.tsx";
import { Bar } from "../parts/meter.tsx";
import type { NodeResource } from "../store/resources.ts";
import { t } from "../text/t.ts";
import { commandOf, type Draft, hasDisk, parametersOf } from "./draft.ts";

interface PlanProps {
  readonly draft: Draft;
  readonly vmid: number;
  readonly node: NodeResource | undefined;
  readonly isTaken: boolean;
  readonly problems: number;
  readonly isTried: boolean;
  readonly busy: "create" | "start" | undefined;
  readonly onCreate: () => void;
}

interface Step {
  readonly shape: Shape;
  readonly text: string;
  readonly note?: string | undefined;
}

const COPIED_FOR_MS = 1_500;

export function Plan({ draft, vmid, node, isTaken, problems, isTried, busy, onCreate }: PlanProps): ReactNode {
  const storage = useInventory(({ storages }) =>
    [...storages.values()].find((one) => one.node === node?.name && one.name === draft.storage),
  );
  // Allowed, but the tables and the search box would show two of them.
  const namesake = useInventory(({ guests }) =>
    draft.name === "" || busy !== undefined
      ? undefined
      : [...guests.values()].find((guest) => guest.name === draft.name),
  );
  const [form, setForm] = useState<"qm" | "api">("qm");
  const [isCopied, setCopied] = useState(false);
  const memory = parseSize(draft.memory, "GiB") ?? 0;
  const disk = parseSize(draft.disk, "GiB") ?? 0;
  const parameters = parametersOf(draft, vmid);
  const text = form === "qm" ? commandOf(parameters) : apiCall(node?.name ?? "NODE", parameters);
  const free = storage?.total === undefined || storage.used === undefined ? undefined : storage.total - storage.used;
  const steps: Step[] = [];
  if (draft.start === "iso") {
    steps.push(
      draft.iso === ""
        ? { shape: "warn", text: t("create.no-iso-chosen") }
        : { shape: "check", text: t("plan.iso", { iso: draft.iso.replace(/^.*[/:]/, "") }) },
    );
  }
  if (hasDisk(draft)) {
    const fits = free === undefined || disk <= free;
    steps.push({
      shape: fits ? "check" : "warn",
      text: t("plan.disk", { size: formatBytes(disk), storage: draft.storage }),
      note:
        free === undefined ? undefined : t(fits ? "plan.disk-free" : "plan.disk-tight", { free: formatBytes(free) }),
    });
  }
  steps.push(
    isTaken
      ? { shape: "bad", text: t("create.id-taken", { vmid }) }
      : namesake === undefined
        ? { shape: "check", text: t("plan.vm", { vmid, node: node?.name ?? "" }), note: t("plan.id-free") }
        : {
            shape: "warn",
            text: t("plan.vm", { vmid, node: node?.name ?? "" }),
            note: t("plan.name-twice", { vmid: namesake.vmid, name: namesake.name }),
          },
  );
  if (draft.hasNetwork)
    steps.push({
      shape: "check",
      text: draft.bridge === "" ? t("plan.network-user") : t("plan.network", { bridge: draft.bridge }),
    });
  const total = node?.memoryTotal;
  const after = (node?.memory ?? 0) + memory;
  const part = total === undefined ? undefined : formatPart(after, total);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_FOR_MS);
  };
  return (
    <aside className="card plan" aria-label={t("plan.title")}>
      <div className="ch">
        <h2>{t("plan.title")}</h2>
      </div>
      <ul className="steps">
        {steps.map(({ shape, text: line, note }) => (
          <li key={line}>
            <StateShape shape={shape} />
            <div style={{ overflowWrap: "anywhere" }}>
              {line}
              {note === undefined ? null : <p>{note}</p>}
            </div>
          </li>
        ))}
      </ul>
      {total === undefined || part === undefined ? null : (
        <div className="fit">
          <span className="strong">{t("plan.memory-after", { node: node?.name ?? "" })}</span>
          <div className="meter">
            <Bar share={after / total} />
            <b>{t("plan.of", part)}</b>
          </div>
          {after > total ? (
            <span className="st muted">
              <StateShape shape="warn" />
              {t("plan.too-much")}
            </span>
          ) : null}
        </div>
      )}
      <div className="ch" style={{ borderTop: "1px solid var(--line)" }}>
        <h2>{t("plan.command")}</h2>
        <div className="seg" role="toolbar" aria-label={t("plan.form")}>
          <button type="button" aria-pressed={form === "qm"} onClick={() => setForm("qm")}>
            qm
          </button>
          <button type="button" aria-pressed={form === "api"} onClick={() => setForm("api")}>
            API
          </button>
        </div>
        <button type="button" className="more link" style={{ color: "var(--accent)" }} onClick={() => void copy()}>
          <Icon name="copy" /> {t(isCopied ? "action.copied" : "action.copy")}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the command may scroll, so the keyboard has to reach it */}
      <pre className="cmd" tabIndex={0}>
        {text}
      </pre>
      {isTried && problems > 0 ? (
        <p className="bad" style={{ padding: "0 16px 8px" }} role="alert">
          {t("plan.problems", { n: problems })}
        </p>
      ) : null}
      <div className="submit">
        <Button look="primary" type="submit" isBusy={busy !== undefined}>
          {t(busy === "start" ? "create.busy" : "create.and-start")}
        </Button>
        <Button isBusy={busy !== undefined} onClick={onCreate}>
          {t(busy === "create" ? "create.busy" : "create.only")}
        </Button>
      </div>
    </aside>
  );
}

function apiCall(node: string, parameters: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
  return [`POST /api2/json/nodes/${node}/qemu`, ...lines].join("\n");
}
