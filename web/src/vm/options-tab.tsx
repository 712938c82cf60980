import { type FormEvent, type ReactNode, useState } from "react";
import { useAllowed } from "../app-context.tsx";
import { bootText, type GuestConfig } from "../guest/devices.ts";
import { useConfigSaver } from "../guest/save-config.tsx";
import { Sheet } from "../overlays/lazy.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { SelectField, Switch, TextField } from "../parts/field.tsx";
import { StateShape } from "../parts/icon.tsx";
import type { GuestResource } from "../store/resources.ts";
import { type MessageKey, t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { pendingKeys } from "./pending.ts";
import type { TabProps } from "./vm-page.tsx";

type OptionForm =
  | { readonly kind: "text"; readonly help?: MessageKey }
  | { readonly kind: "switch"; readonly standard: boolean }
  | { readonly kind: "choice"; readonly values: readonly string[] };

interface Option {
  readonly key: string;
  readonly label: MessageKey;
  readonly form: OptionForm;
}

const OS_TYPES = [
  "",
  "l26",
  "l24",
  "win11",
  "win10",
  "win8",
  "win7",
  "wvista",
  "wxp",
  "w2k8",
  "w2k3",
  "w2k",
  "solaris",
  "other",
];

const OPTIONS: readonly Option[] = [
  { key: "name", label: "option.name", form: { kind: "text" } },
  { key: "tags", label: "option.tags", form: { kind: "text", help: "option.tags-help" } },
  { key: "onboot", label: "option.onboot", form: { kind: "switch", standard: false } },
  { key: "startup", label: "option.startup", form: { kind: "text", help: "option.startup-help" } },
  { key: "boot", label: "option.boot", form: { kind: "text", help: "option.boot-help" } },
  { key: "ostype", label: "option.ostype", form: { kind: "choice", values: OS_TYPES } },
  { key: "bios", label: "option.bios", form: { kind: "choice", values: ["", "seabios", "ovmf"] } },
  { key: "machine", label: "option.machine", form: { kind: "text", help: "option.machine-help" } },
  {
    key: "scsihw",
    label: "option.scsihw",
    form: {
      kind: "choice",
      values: ["", "virtio-scsi-pci", "virtio-scsi-single", "lsi", "lsi53c810", "megasas", "pvscsi"],
    },
  },
  { key: "agent", label: "option.agent", form: { kind: "switch", standard: false } },
  { key: "tablet", label: "option.tablet", form: { kind: "switch", standard: true } },
  { key: "acpi", label: "option.acpi", form: { kind: "switch", standard: true } },
  { key: "kvm", label: "option.kvm", form: { kind: "switch", standard: true } },
  { key: "localtime", label: "option.localtime", form: { kind: "switch", standard: false } },
  { key: "hotplug", label: "option.hotplug", form: { kind: "text", help: "option.hotplug-help" } },
  { key: "protection", label: "option.protection", form: { kind: "switch", standard: false } },
];

export function OptionsTab({ guest }: TabProps): ReactNode {
  const { node, vmid } = guest;
  const { whyNot } = useAllowed();
  const config = useCall("/nodes/{node}/qemu/{vmid}/config", { node, vmid }, { everyMs: 15_000 });
  const pending = useCall("/nodes/{node}/qemu/{vmid}/pending", { node, vmid }, { everyMs: 15_000 });
  const waiting = new Set(pendingKeys(pending.data).map(({ key }) => key));
  const [open, setOpen] = useState<Option | undefined>(undefined);
  const data = config.data as GuestConfig | undefined;
  if (data === undefined) {
    return config.error === undefined ? (
      <span className="sk" style={{ height: 300, marginTop: 16 }} />
    ) : (
      <Failure what={t("vm.config-failed")} error={config.error} onRetry={config.reload} />
    );
  }
  const reason = whyNot(`/vms/${vmid}`, "VM.Config.Options");
  return (
    <section className="card" style={{ marginTop: 16 }}>
      <table className="dev">
        <caption className="sr">{t("tab.options")}</caption>
        <thead className="sr">
          <tr>
            <th scope="col">{t("column.option")}</th>
            <th scope="col">{t("column.value")}</th>
            <th scope="col">{t("column.actions")}</th>
          </tr>
        </thead>
        <tbody>
          {OPTIONS.map((option) => (
            <tr key={option.key} className={waiting.has(option.key) ? "pendrow" : ""}>
              <td>{t(option.label)}</td>
              <td className="sent">
                {shownValue(option, data[option.key])}
                {waiting.has(option.key) ? (
                  <div className="st warn">
                    <StateShape shape="warn" />
                    {t("pending.next-start")}
                  </div>
                ) : null}
              </td>
              <td className="num">
                <Button
                  look="quiet"
                  whyNot={reason}
                  aria-label={t("option.edit", { option: t(option.label) })}
                  onClick={() => setOpen(option)}
                >
                  {t("action.edit")}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {open === undefined ? null : (
        <OptionSheet
          guest={guest}
          option={open}
          config={data}
          onClose={() => {
            setOpen(undefined);
            config.reload();
            pending.reload();
          }}
        />
      )}
    </section>
  );
}

function isOn({ form }: Option, value: unknown): boolean {
  if (form.kind !== "switch") return false;
  // `agent` is a list of settings that starts with on or off.
  return value === undefined ? form.standard : /^(1|enabled=1)/.test(String(value));
}

function shownValue(option: Option, value: unknown): ReactNode {
  if (option.form.kind === "switch") return t(isOn(option, value) ? "value.yes" : "value.no");
  if (value === undefined) return <span className="faint">{t("value.default")}</span>;
  if (option.key === "boot") return bootText(String(value));
  if (option.key !== "tags") return String(value);
  return (
    <span className="tags">
      {String(value)
        .split(/[;, ]+/)
        .map((tag) => (
          <span key={tag} className="tag">
            {tag}
          </span>
        ))}
    </span>
  );
}

function OptionSheet({
  guest,
  option,
  config,
  onClose,
}: {
  readonly guest: GuestResource;
  readonly option: Option;
  readonly config: GuestConfig;
  readonly onClose: () => void;
}): ReactNode {
  const { key, label, form } = option;
  const { save, error, isBusy } = useConfigSaver(guest);
  const [value, setValue] = useState(
    form.kind === "switch" ? (isOn(option, config[key]) ? "1" : "0") : String(config[key] ?? ""),
  );
  const onSubmit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    const digest = String(config.digest ?? "");
    const change = value === "" ? (config[key] === undefined ? {} : { delete: key }) : { [key]: value };
    if (await save({ ...change, digest })) onClose();
  };
  const fieldError = error?.fields[key];
  return (
    <Sheet title={t(label)} onClose={onClose}>
      <form className="sheet" onSubmit={(event) => void onSubmit(event)} noValidate>
        <div className="fields">
          {form.kind === "switch" ? (
            <Switch label={t(label)} checked={value === "1"} onChange={(on) => setValue(on ? "1" : "0")} width={6} />
          ) : null}
          {form.kind === "text" ? (
            <TextField
              label={t(label)}
              value={value}
              onChange={setValue}
              width={6}
              help={form.help === undefined ? undefined : t(form.help)}
              error={fieldError}
              data-autofocus
            />
          ) : null}
          {form.kind === "choice" ? (
            <SelectField
              label={t(label)}
              value={value}
              onChange={setValue}
              width={6}
              error={fieldError}
              options={form.values.map((one) => ({ value: one, label: one === "" ? t("value.default") : one }))}
            />
          ) : null}
        </div>
        {error === undefined || fieldError !== undefined ? null : (
          <Failure what={t("config.failed", { name: guest.name })} error={error} />
        )}
        <div className="sheetf">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button look="primary" type="submit" isBusy={isBusy}>
            {t(isBusy ? "action.saving" : "action.save")}
          </Button>
        </div>
      </form>
    </Sheet>
  );
}
