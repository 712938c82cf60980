import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { Parameters } from "../api/client.ts";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useAllowed, useApp, useInventory, useNow, useTitle } from "../app-context.tsx";
import { Failure } from "../parts/failure.tsx";
import { SelectField, Switch, TextField } from "../parts/field.tsx";
import { Icon, type IconName } from "../parts/icon.tsx";
import { Link, navigate, useSearch } from "../route/navigation.tsx";
import { isNodeAway } from "../store/freshness.ts";
import { type MessageKey, t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { IsoField, StorageField } from "../vm/storage-fields.tsx";
import { type Draft, type DraftField, EMPTY_DRAFT, PRESETS, parametersOf, problemsOf, withBridge } from "./draft.ts";
import { keepDraft, loadDraft } from "./kept-draft.ts";
import { Plan } from "./plan.tsx";

const STARTS: readonly {
  readonly id: Draft["start"];
  readonly icon: IconName;
  readonly title: MessageKey;
  readonly text: MessageKey;
}[] = [
  { id: "iso", icon: "disc", title: "create.from-iso", text: "create.from-iso-text" },
  { id: "empty", icon: "empty", title: "create.from-empty", text: "create.from-empty-text" },
];

/** Which field of the form a parameter of the call comes from. */
const FIELD_OF: Readonly<Record<string, DraftField>> = {
  name: "name",
  vmid: "vmid",
  cores: "cores",
  memory: "memory",
  cpu: "cpu",
  bios: "bios",
  scsi0: "disk",
  ide2: "iso",
  net0: "bridge",
  tags: "tags",
  pool: "pool",
  storage: "storage",
};

export function CreatePage(): ReactNode {
  useTitle(t("create.title"));
  const { api, follower } = useApp();
  const { mayAnywhere } = useAllowed();
  const search = useSearch();
  const [kept, setDraft] = useState<Draft>(() => loadDraft(search));
  const [isTried, setTried] = useState(false);
  const [touched, setTouched] = useState<ReadonlySet<DraftField>>(new Set());
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [busy, setBusy] = useState<"create" | "start" | undefined>(undefined);
  const form = useRef<HTMLFormElement>(null);
  const now = useNow(5000);
  const inventory = useInventory((value) => value);
  const nextId = useCall("/cluster/nextid", {}, { everyMs: 30_000 });
  const pools = useCall("/pools", {});

  const nodes = [...inventory.nodes.values()].filter((node) => !isNodeAway(node, now));
  const best = [...nodes].sort((a, b) => freeMemory(b) - freeMemory(a))[0];
  const node = nodes.find(({ name }) => name === kept.node) ?? best;
  const bridges = useCall(
    "/nodes/{node}/network",
    { node: node?.name ?? "", type: "any_bridge" },
    { isWanted: node !== undefined },
  );
  const draft = withBridge(
    kept,
    bridges.data?.map(({ iface }) => iface),
  );
  const vmid = draft.vmid === "" ? Number(nextId.data ?? 0) : Number(draft.vmid);
  const problems = problemsOf(draft);
  const isTaken = draft.vmid !== "" && inventory.guests.has(vmid);

  useEffect(() => keepDraft(kept), [kept]);
  const set = (field: DraftField) => (value: string | boolean) => {
    setDraft((old) => ({ ...old, [field]: value }));
    setTouched((fields) => new Set(fields).add(field));
    setError(undefined);
  };
  const server: Partial<Record<DraftField, string>> = {};
  for (const [name, text] of Object.entries(error?.fields ?? {})) {
    const field = FIELD_OF[name];
    if (field !== undefined) server[field] = text;
  }
  const wrong = (field: DraftField): string | undefined => {
    if (server[field] !== undefined) return server[field];
    if (field === "vmid" && isTaken) return t("create.id-taken", { vmid });
    const problem = problems[field];
    return problem !== undefined && (isTried || touched.has(field)) ? t(problem) : undefined;
  };

  const submit = async (isStarted: boolean): Promise<void> => {
    setTried(true);
    if (busy !== undefined) return;
    if (Object.keys(problems).length > 0 || isTaken || node === undefined || vmid === 0) {
      requestAnimationFrame(() => focusFirstWrong(form.current));
      return;
    }
    setBusy(isStarted ? "start" : "create");
    setError(undefined);
    const name = draft.name === "" ? `VM ${vmid}` : draft.name;
    try {
      const parameters = { node: node.name, ...parametersOf(draft, vmid), ...(isStarted ? { start: 1 } : {}) };
      const upid = await api.post("/nodes/{node}/qemu", parameters as Parameters<"/nodes/{node}/qemu", "POST">);
      const end = await follower.follow(upid, {
        running: t("create.running", { name }),
        done: t("create.done", { name, node: node.name }),
      });
      if (end.outcome === "ok" || end.outcome === "warnings") {
        setDraft(EMPTY_DRAFT);
        keepDraft(undefined);
        await untilKnown(vmid, inventoryHas);
        navigate(`/vm/${vmid}`);
        return;
      }
      nextId.reload();
    } catch (failure) {
      setError(asApiError(failure));
      requestAnimationFrame(() => focusFirstWrong(form.current));
    }
    setBusy(undefined);
  };
  const { feed } = useApp();
  const inventoryHas = (id: number): Promise<void> =>
    new Promise((resolve) => {
      if (feed.inventory.value.guests.has(id)) resolve();
      const end = feed.inventory.subscribe(() => {
        if (!feed.inventory.value.guests.has(id)) return;
        end();
        resolve();
      });
    });

  if (!mayAnywhere("/vms", "VM.Allocate")) {
    return (
      <section className="card">
        <p className="nothing">{t("create.no-right")}</p>
      </section>
    );
  }
  const preset = PRESETS.find(({ cores, memory }) => cores === draft.cores && memory === draft.memory)?.id ?? "other";
  const unshown =
    error === undefined
      ? false
      : Object.keys(error.fields).length === 0 ||
        Object.keys(error.fields).some((name) => FIELD_OF[name] === undefined);
  return (
    <>
      <nav className="crumb" aria-label={t("nav.path")}>
        <Link to="/guests">{t("area.guests")}</Link>
        <span aria-hidden="true">/</span>
        <span>{t("create.title")}</span>
      </nav>
      <div className="ph">
        <h1>{t("create.title")}</h1>
        <span className="faint hide-m">{t("create.kept")}</span>
      </div>
      <form
        className="create"
        ref={form}
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void submit(true);
        }}
      >
        <div className="stack">
          {error !== undefined && unshown ? <Failure what={t("create.failed")} error={error} /> : null}
          <section className="card">
            <div className="sec">
              <h2 id="create-start">{t("create.start-from")}</h2>
              <div className="opts q2" role="radiogroup" aria-labelledby="create-start">
                {STARTS.map(({ id, icon, title, text }) => (
                  <label key={id} className="opt">
                    <input type="radio" name="start" checked={draft.start === id} onChange={() => set("start")(id)} />
                    <Icon name={icon} />
                    <b>{t(title)}</b>
                    <span>{t(text)}</span>
                  </label>
                ))}
              </div>
              <div className="fields" style={{ marginTop: 16 }}>
                {draft.start === "iso" && node !== undefined ? (
                  <IsoField node={node.name} value={draft.iso} onChange={set("iso")} width={4} error={wrong("iso")} />
                ) : null}
                {node === undefined ? null : (
                  <StorageField
                    node={node.name}
                    content="images"
                    value={draft.storage}
                    onChange={set("storage")}
                    width={draft.start === "iso" ? 2 : 6}
                    error={wrong("storage")}
                  />
                )}
              </div>
            </div>
            <div className="sec">
              <h2>{t("create.name-size")}</h2>
              <div className="fields" style={{ marginBottom: 16 }}>
                <TextField
                  label={t("create.name")}
                  width={4}
                  value={draft.name}
                  onChange={set("name")}
                  error={wrong("name")}
                  autoCapitalize="off"
                  spellCheck={false}
                  placeholder={t("create.name-example")}
                />
                <TextField
                  label={t("create.id")}
                  width={2}
                  value={draft.vmid}
                  onChange={set("vmid")}
                  placeholder={String(nextId.data ?? "")}
                  inputMode="numeric"
                  className="mono"
                  help={t("create.next-free")}
                  error={wrong("vmid")}
                />
              </div>
              <div className="opts q4" role="radiogroup" aria-label={t("create.size")}>
                {PRESETS.map(({ id, cores, memory }) => (
                  <label key={id} className="opt">
                    <input
                      type="radio"
                      name="preset"
                      checked={preset === id}
                      onChange={() => setDraft({ ...kept, cores, memory })}
                    />
                    <b>{t(`create.preset-${id}`)}</b>
                    <span>{t("create.preset-text", { n: Number(cores), memory })}</span>
                  </label>
                ))}
                <label className="opt">
                  <input
                    type="radio"
                    name="preset"
                    checked={preset === "other"}
                    onChange={() => document.getElementById("create-cores")?.querySelector("input")?.focus()}
                  />
                  <b>{t("create.preset-other")}</b>
                  <span>{t("create.preset-other-text")}</span>
                </label>
              </div>
              <div className="fields" style={{ marginTop: 16 }} id="create-cores">
                <TextField
                  label={t("hardware.cores")}
                  width={2}
                  inputMode="numeric"
                  value={draft.cores}
                  onChange={set("cores")}
                  error={wrong("cores")}
                />
                <TextField
                  label={t("device.memory")}
                  width={2}
                  unit="GiB"
                  value={draft.memory}
                  onChange={set("memory")}
                  error={wrong("memory")}
                />
                <TextField
                  label={t("device.disk")}
                  width={2}
                  unit="GiB"
                  value={draft.disk}
                  onChange={set("disk")}
                  error={wrong("disk")}
                  help={t("create.disk-help")}
                />
              </div>
            </div>
            <div className="sec">
              <h2>{t("graph.network")}</h2>
              <div className="fields">
                <Switch label={t("create.network")} checked={draft.hasNetwork} onChange={set("hasNetwork")} width={6} />
                {draft.hasNetwork ? (
                  <>
                    <TextField
                      label={t("hardware.bridge")}
                      value={draft.bridge}
                      onChange={set("bridge")}
                      help={t("hardware.bridge-help")}
                      error={wrong("bridge")}
                      autoCapitalize="off"
                    />
                    <TextField
                      label={t("hardware.vlan")}
                      value={draft.vlan}
                      onChange={set("vlan")}
                      inputMode="numeric"
                      error={wrong("vlan")}
                    />
                  </>
                ) : null}
              </div>
            </div>
          </section>
          <section className="card">
            <Fold
              title={t("create.placement")}
              value={
                node === undefined
                  ? t("create.no-node")
                  : t(draft.node === "" ? "create.automatic" : "create.on-node", { node: node.name })
              }
            >
              <SelectField
                label={t("column.node")}
                value={draft.node}
                onChange={set("node")}
                options={[
                  { value: "", label: t("create.automatic", { node: best?.name ?? "" }) },
                  ...nodes.map(({ name }) => ({ value: name, label: name })),
                ]}
              />
              {(pools.data ?? []).length > 0 ? (
                <SelectField
                  label={t("column.pool")}
                  value={draft.pool}
                  onChange={set("pool")}
                  error={wrong("pool")}
                  options={[
                    { value: "", label: t("value.none") },
                    ...(pools.data ?? []).map(({ poolid }) => ({ value: poolid, label: poolid })),
                  ]}
                />
              ) : null}
            </Fold>
            <Fold title={t("device.processor")} value={draft.cpu === "" ? t("device.cpu-default") : draft.cpu}>
              <SelectField
                label={t("hardware.model")}
                width={6}
                value={draft.cpu}
                onChange={set("cpu")}
                help={t("hardware.model-help")}
                options={["", "host", "x86-64-v2-AES", "x86-64-v3", "max"].map((name) => ({
                  value: name,
                  label: name === "" ? t("device.cpu-default") : name,
                }))}
              />
            </Fold>
            <Fold title={t("create.firmware")} value={t(draft.bios === "ovmf" ? "create.uefi" : "create.bios")}>
              <SelectField
                label={t("create.firmware")}
                value={draft.bios}
                onChange={set("bios")}
                error={wrong("bios")}
                options={[
                  { value: "", label: t("create.bios") },
                  { value: "ovmf", label: t("create.uefi") },
                ]}
              />
            </Fold>
            <Fold
              title={t("create.extras")}
              value={[draft.hasSerial ? t("device.serial") : "", draft.hasAgent ? t("option.agent") : ""]
                .filter((text) => text !== "")
                .join(", ")}
            >
              <Switch
                label={t("create.serial")}
                help={t("create.serial-help")}
                checked={draft.hasSerial}
                onChange={set("hasSerial")}
              />
              <Switch
                label={t("option.agent")}
                help={t("create.agent-help")}
                checked={draft.hasAgent}
                onChange={set("hasAgent")}
              />
            </Fold>
            <Fold title={t("vm.starts")} value={t(draft.startsWithNode ? "vm.starts-with-node" : "vm.starts-by-hand")}>
              <Switch
                label={t("vm.starts-with-node")}
                checked={draft.startsWithNode}
                onChange={set("startsWithNode")}
                width={6}
              />
            </Fold>
            <Fold title={t("option.tags")} value={draft.tags === "" ? t("value.none") : draft.tags}>
              <TextField
                label={t("option.tags")}
                width={6}
                value={draft.tags}
                onChange={set("tags")}
                help={t("option.tags-help")}
                error={wrong("tags")}
              />
            </Fold>
          </section>
        </div>
        <Plan
          draft={draft}
          vmid={vmid}
          node={node}
          isTaken={isTaken}
          problems={Object.keys(problems).length + (isTaken ? 1 : 0)}
          isTried={isTried}
          busy={busy}
          onCreate={() => void submit(false)}
        />
      </form>
    </>
  );
}

const KNOWN_WITHIN_MS = 15_000;

/** A guest that was just made comes by the stream within seconds; its page needs it. */
async function untilKnown(vmid: number, has: (id: number) => Promise<void>): Promise<void> {
  await Promise.race([has(vmid), new Promise<void>((resolve) => setTimeout(resolve, KNOWN_WITHIN_MS))]);
}

function freeMemory({
  memory,
  memoryTotal,
}: {
  readonly memory: number | undefined;
  readonly memoryTotal: number | undefined;
}): number {
  return (memoryTotal ?? 0) - (memory ?? 0);
}

/** A folded section with something wrong in it opens. */
function focusFirstWrong(form: HTMLFormElement | null): void {
  const field = form?.querySelector<HTMLElement>("[aria-invalid]");
  field?.closest("details")?.setAttribute("open", "");
  field?.focus();
}

function Fold({
  title,
  value,
  children,
}: {
  readonly title: string;
  readonly value: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <details className="foldd">
      <summary className="fold">
        <b>{title}</b>
        <span className="v grow">{value}</span>
        <Icon name="right" />
      </summary>
      <div className="fields">{children}</div>
    </details>
  );
}
