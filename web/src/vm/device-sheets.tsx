/** One side sheet for each kind of device. */
import { type FormEvent, type ReactNode, useState } from "react";
import { type ApiError, asApiError } from "../api/errors.ts";
import { useApp, useInventory } from "../app-context.tsx";
import { formatBytes, parseSize } from "../format/bytes.ts";
import { diskBytes, freeKey, type GuestConfig, memoryMiB, NETWORK_MODELS, networkModel } from "../guest/devices.ts";
import { type PropertyItems, parseItems, printItems, withItem } from "../guest/property-items.ts";
import { useConfigSaver } from "../guest/save-config.tsx";
import { Sheet } from "../overlays/lazy.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { SelectField, Switch, TextField } from "../parts/field.tsx";
import type { GuestResource } from "../store/resources.ts";
import { t } from "../text/t.ts";
import { IsoField, StorageField } from "./storage-fields.tsx";

export type SheetKind =
  | { readonly kind: "processor" | "memory" | "display" | "add-disk" }
  | { readonly kind: "disk" | "resize"; readonly key: string; readonly value: string }
  | { readonly kind: "cdrom" | "network"; readonly key: string | undefined; readonly value: string | undefined };

interface SheetProps {
  readonly guest: GuestResource;
  readonly config: GuestConfig;
  readonly onClose: () => void;
}

export function DeviceSheet({ sheet, ...props }: SheetProps & { readonly sheet: SheetKind }): ReactNode {
  switch (sheet.kind) {
    case "processor":
      return <ProcessorSheet {...props} />;
    case "memory":
      return <MemorySheet {...props} />;
    case "display":
      return <DisplaySheet {...props} />;
    case "add-disk":
      return <AddDiskSheet {...props} />;
    case "disk":
      return <DiskSheet {...props} deviceKey={sheet.key} value={sheet.value} />;
    case "resize":
      return <ResizeSheet {...props} deviceKey={sheet.key} value={sheet.value} />;
    case "cdrom":
      return <CdromSheet {...props} deviceKey={sheet.key} value={sheet.value} />;
    case "network":
      return <NetworkSheet {...props} deviceKey={sheet.key} value={sheet.value} />;
    default:
      return sheet satisfies never;
  }
}

type Change = Parameters<ReturnType<typeof useConfigSaver>["save"]>[0];

interface FrameProps extends SheetProps {
  readonly title: string;
  /** Undefined: the form is not right yet, and says so itself. */
  readonly change: () => Change | undefined;
  /** Fields may show what the server says of their parameter. */
  readonly children: (errors: Readonly<Record<string, string>>) => ReactNode;
  readonly fields: readonly string[];
}

function Frame({ guest, config, title, change, onClose, children, fields }: FrameProps): ReactNode {
  const { save, error, isBusy } = useConfigSaver(guest);
  // As it was when the sheet opened: what others change meanwhile is not overwritten.
  const [digest] = useState(String(config.digest ?? ""));
  const onSubmit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const wanted = change();
    if (wanted === undefined || isBusy) return;
    if (await save({ ...wanted, digest })) onClose();
  };
  const isShown =
    error !== undefined &&
    Object.keys(error.fields).length > 0 &&
    Object.keys(error.fields).every((name) => fields.includes(name));
  return (
    <Sheet title={title} onClose={onClose}>
      <form className="sheet" onSubmit={(event) => void onSubmit(event)} noValidate>
        <div className="fields">{children(error?.fields ?? {})}</div>
        {error === undefined || isShown ? null : (
          <Failure what={t("config.failed", { name: guest.name })} error={error} />
        )}
        <SheetFoot isBusy={isBusy} onClose={onClose} />
      </form>
    </Sheet>
  );
}

function SheetFoot({
  isBusy,
  onClose,
  action = t("action.save"),
}: {
  readonly isBusy: boolean;
  readonly onClose: () => void;
  readonly action?: string;
}): ReactNode {
  return (
    <div className="sheetf">
      <Button onClick={onClose}>{t("action.cancel")}</Button>
      <Button look="primary" type="submit" isBusy={isBusy}>
        {isBusy ? t("action.saving") : action}
      </Button>
    </div>
  );
}

const CPU_MODELS = ["", "host", "x86-64-v2", "x86-64-v2-AES", "x86-64-v3", "x86-64-v4", "kvm64", "qemu64", "max"];

function ProcessorSheet(props: SheetProps): ReactNode {
  const { config } = props;
  const [cores, setCores] = useState(String(config.cores ?? 1));
  const [sockets, setSockets] = useState(String(config.sockets ?? 1));
  const known = parseItems(String(config.cpu ?? ""));
  const model = known.items.get("cputype") ?? known.head ?? "";
  const [cpu, setCpu] = useState(model);
  const [wrong, setWrong] = useState(false);
  const models = CPU_MODELS.includes(cpu) ? CPU_MODELS : [...CPU_MODELS, cpu];
  return (
    <Frame
      {...props}
      title={t("device.processor")}
      fields={["cores", "sockets", "cpu"]}
      change={() => {
        const counts = [Number(cores), Number(sockets)];
        const isRight = counts.every((count) => Number.isInteger(count) && count > 0);
        setWrong(!isRight);
        if (!isRight) return undefined;
        const [coreCount = 1, socketCount = 1] = counts;
        const rest = new Map([...known.items].filter(([key]) => key !== "cputype"));
        const change = { cores: coreCount, sockets: socketCount };
        return cpu === ""
          ? { ...change, ...(config.cpu === undefined ? {} : { delete: "cpu" }) }
          : { ...change, cpu: printItems({ head: cpu, items: rest }) };
      }}
    >
      {(errors) => (
        <>
          <TextField
            label={t("hardware.cores")}
            inputMode="numeric"
            value={cores}
            onChange={setCores}
            error={errors.cores ?? (wrong ? t("field.whole-number") : undefined)}
            data-autofocus
          />
          <TextField
            label={t("hardware.sockets")}
            inputMode="numeric"
            value={sockets}
            onChange={setSockets}
            error={errors.sockets}
          />
          <SelectField
            label={t("hardware.model")}
            width={6}
            value={cpu}
            onChange={setCpu}
            error={errors.cpu}
            help={t("hardware.model-help")}
            options={models.map((name) => ({ value: name, label: name === "" ? t("device.cpu-default") : name }))}
          />
        </>
      )}
    </Frame>
  );
}

function MemorySheet(props: SheetProps): ReactNode {
  const { config } = props;
  const [memory, setMemory] = useState(formatBytes(memoryMiB(config) * 2 ** 20));
  const [isFixed, setFixed] = useState(String(config.balloon ?? "") === "0");
  const [least, setLeast] = useState(
    config.balloon === undefined || Number(config.balloon) === 0 ? "" : formatBytes(Number(config.balloon) * 2 ** 20),
  );
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const total = useInventory(({ nodes }) => nodes.get(props.guest.node)?.memoryTotal);
  const isTooMuch = total !== undefined && (parseSize(memory.replaceAll("\u00a0", " "), "MiB") ?? 0) > total;
  return (
    <Frame
      {...props}
      title={t("device.memory")}
      fields={["memory", "balloon"]}
      change={() => {
        const size = parseSize(memory.replaceAll("\u00a0", " "), "MiB");
        const leastSize = least.trim() === "" ? undefined : parseSize(least.replaceAll("\u00a0", " "), "MiB");
        const isWrong =
          size === undefined ||
          size < 16 * 2 ** 20 ||
          (least.trim() !== "" && (leastSize === undefined || leastSize > size));
        setWrong(isWrong ? t("field.size") : undefined);
        if (isWrong) return undefined;
        const change = { memory: String(Math.round(size / 2 ** 20)) };
        if (isFixed) return { ...change, balloon: 0 };
        if (leastSize !== undefined) return { ...change, balloon: Math.round(leastSize / 2 ** 20) };
        return config.balloon === undefined ? change : { ...change, delete: "balloon" };
      }}
    >
      {(errors) => (
        <>
          <TextField
            label={t("device.memory")}
            value={memory}
            onChange={setMemory}
            help={
              isTooMuch
                ? t("hardware.more-than-node", { node: props.guest.node, total: formatBytes(total) })
                : t("field.size-help")
            }
            error={errors.memory ?? wrong}
            width={6}
            data-autofocus
          />
          <Switch
            label={t("hardware.fixed")}
            help={t("hardware.fixed-help")}
            checked={isFixed}
            onChange={setFixed}
            width={6}
          />
          {isFixed ? null : (
            <TextField
              label={t("hardware.least")}
              value={least}
              onChange={setLeast}
              help={t("hardware.least-help")}
              error={errors.balloon}
              width={6}
            />
          )}
        </>
      )}
    </Frame>
  );
}

const DISPLAYS = ["", "std", "virtio", "qxl", "vmware", "cirrus", "serial0", "none"];

function DisplaySheet(props: SheetProps): ReactNode {
  const { config } = props;
  const known = parseItems(String(config.vga ?? ""));
  const [type, setType] = useState(known.items.get("type") ?? known.head ?? "");
  return (
    <Frame
      {...props}
      title={t("device.display")}
      fields={["vga"]}
      change={() => (type === "" ? (config.vga === undefined ? {} : { delete: "vga" }) : { vga: type })}
    >
      {(errors) => (
        <SelectField
          label={t("hardware.display-type")}
          width={6}
          value={type}
          onChange={setType}
          error={errors.vga}
          options={(DISPLAYS.includes(type) ? DISPLAYS : [...DISPLAYS, type]).map((name) => ({
            value: name,
            label: name === "" ? t("device.display-default") : name,
          }))}
        />
      )}
    </Frame>
  );
}

const BUSES = [
  { value: "scsi", label: "SCSI", limit: 31 },
  { value: "virtio", label: "VirtIO", limit: 16 },
  { value: "sata", label: "SATA", limit: 6 },
  { value: "ide", label: "IDE", limit: 4 },
] as const;

function AddDiskSheet(props: SheetProps): ReactNode {
  const { guest, config } = props;
  const [bus, setBus] = useState("scsi");
  const [storage, setStorage] = useState("");
  const [size, setSize] = useState("32");
  const [discard, setDiscard] = useState(true);
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const limit = BUSES.find(({ value }) => value === bus)?.limit ?? 1;
  const key = freeKey(config, bus, limit);
  return (
    <Frame
      {...props}
      title={t("hardware.add-disk")}
      fields={key === undefined ? [] : [key]}
      change={() => {
        const count = parseSize(size, "GiB");
        setWrong(count === undefined || count <= 0 ? t("field.size") : undefined);
        if (count === undefined || count <= 0 || key === undefined || storage === "") return undefined;
        const head = `${storage}:${count / 2 ** 30}`;
        return { [key]: discard ? `${head},discard=on` : head } as Change;
      }}
    >
      {(errors) => (
        <>
          <SelectField
            label={t("hardware.bus")}
            value={bus}
            onChange={setBus}
            options={BUSES.map(({ value, label }) => ({ value, label }))}
            help={key === undefined ? t("hardware.bus-full") : t("hardware.becomes-key", { key })}
          />
          <TextField
            label={t("hardware.size")}
            unit="GiB"
            value={size}
            onChange={setSize}
            error={wrong ?? (key === undefined ? undefined : errors[key])}
            data-autofocus
          />
          <StorageField node={guest.node} content="images" value={storage} onChange={setStorage} width={6} />
          <Switch
            label={t("hardware.discard")}
            help={t("hardware.discard-help")}
            checked={discard}
            onChange={setDiscard}
            width={6}
          />
        </>
      )}
    </Frame>
  );
}

interface KeyedProps extends SheetProps {
  readonly deviceKey: string;
  readonly value: string;
}

const CACHES = ["", "none", "writeback", "writethrough", "directsync", "unsafe"];

function DiskSheet({ deviceKey, value, ...props }: KeyedProps): ReactNode {
  const [items, setItems] = useState<PropertyItems>(() => parseItems(value));
  const flag = (name: string, on: string): boolean => items.items.get(name) === on;
  const set = (name: string, next: string | undefined): void => setItems((old) => withItem(old, name, next));
  const hasThreads = deviceKey.startsWith("scsi") || deviceKey.startsWith("virtio");
  return (
    <Frame
      {...props}
      title={t("hardware.disk-title", { key: deviceKey })}
      fields={[deviceKey]}
      change={() => ({ [deviceKey]: printItems(items) }) as Change}
    >
      {(errors) => (
        <>
          <SelectField
            label={t("hardware.cache")}
            width={6}
            value={items.items.get("cache") ?? ""}
            onChange={(next) => set("cache", next === "" ? undefined : next)}
            options={CACHES.map((name) => ({ value: name, label: name === "" ? t("hardware.cache-default") : name }))}
            error={errors[deviceKey]}
          />
          <Switch
            label={t("hardware.discard")}
            help={t("hardware.discard-help")}
            checked={flag("discard", "on")}
            onChange={(on) => set("discard", on ? "on" : undefined)}
            width={6}
          />
          {deviceKey.startsWith("virtio") ? null : (
            <Switch
              label={t("hardware.ssd")}
              checked={flag("ssd", "1")}
              onChange={(on) => set("ssd", on ? "1" : undefined)}
              width={6}
            />
          )}
          {hasThreads ? (
            <Switch
              label={t("hardware.iothread")}
              checked={flag("iothread", "1")}
              onChange={(on) => set("iothread", on ? "1" : undefined)}
              width={6}
            />
          ) : null}
          <Switch
            label={t("hardware.backup")}
            checked={!flag("backup", "0")}
            onChange={(on) => set("backup", on ? undefined : "0")}
            width={6}
          />
        </>
      )}
    </Frame>
  );
}

/** Growing is a call of its own; a disk never shrinks. */
function ResizeSheet({ guest, config, deviceKey, value, onClose }: KeyedProps): ReactNode {
  const { api, follower } = useApp();
  const size = diskBytes(value);
  const [wanted, setWanted] = useState(size === undefined ? "" : String(size / 2 ** 30));
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);
  const onSubmit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const count = parseSize(wanted, "GiB");
    const isWrong = count === undefined || (size !== undefined && count <= size);
    setWrong(isWrong ? t("hardware.only-larger") : undefined);
    if (isWrong || isBusy) return;
    setBusy(true);
    try {
      const upid = await api.put("/nodes/{node}/qemu/{vmid}/resize", {
        node: guest.node,
        vmid: guest.vmid,
        disk: deviceKey as "scsi0",
        size: `${Math.ceil(count / 2 ** 20)}M`,
        digest: String(config.digest ?? ""),
      });
      const name = guest.name;
      if (typeof upid === "string")
        await follower.follow(upid, {
          running: t("hardware.resizing", { name }),
          done: t("hardware.resized", { name }),
        });
      onClose();
    } catch (failure) {
      setError(asApiError(failure));
      setBusy(false);
    }
  };
  return (
    <Sheet title={t("hardware.resize-title", { key: deviceKey })} onClose={onClose}>
      <form className="sheet" onSubmit={(event) => void onSubmit(event)} noValidate>
        <div className="fields">
          <TextField
            label={t("hardware.new-size")}
            unit="GiB"
            width={6}
            value={wanted}
            onChange={setWanted}
            error={wrong ?? error?.fields.size}
            help={size === undefined ? undefined : t("hardware.now", { size: formatBytes(size) })}
            data-autofocus
          />
        </div>
        {error === undefined || error.fields.size !== undefined ? null : (
          <Failure what={t("hardware.resize-failed")} error={error} />
        )}
        <SheetFoot isBusy={isBusy} onClose={onClose} action={t("hardware.resize")} />
      </form>
    </Sheet>
  );
}

interface NewOrKeyedProps extends SheetProps {
  readonly deviceKey: string | undefined;
  readonly value: string | undefined;
}

function CdromSheet({ deviceKey, value = "none,media=cdrom", ...props }: NewOrKeyedProps): ReactNode {
  const known = parseItems(value);
  const [iso, setIso] = useState(known.head === "none" || known.head === undefined ? "" : known.head);
  const key = deviceKey ?? freeKey(props.config, "ide", 4) ?? "ide2";
  return (
    <Frame
      {...props}
      title={t("hardware.cdrom-title", { key })}
      fields={[key]}
      change={() => ({ [key]: `${iso === "" ? "none" : iso},media=cdrom` }) as Change}
    >
      {(errors) => (
        <IsoField node={props.guest.node} value={iso} onChange={setIso} isEmptyAllowed width={6} error={errors[key]} />
      )}
    </Frame>
  );
}

function NetworkSheet({ deviceKey, value, ...props }: NewOrKeyedProps): ReactNode {
  const key = deviceKey ?? freeKey(props.config, "net", 32) ?? "net0";
  const known = parseItems(value ?? "virtio,bridge=vmbr0");
  const card = networkModel(value ?? "virtio");
  const [model, setModel] = useState(card.model);
  const [mac, setMac] = useState(card.mac ?? "");
  const [bridge, setBridge] = useState(known.items.get("bridge") ?? "");
  const [tag, setTag] = useState(known.items.get("tag") ?? "");
  const [hasFirewall, setFirewall] = useState(known.items.get("firewall") === "1");
  const [isUnplugged, setUnplugged] = useState(known.items.get("link_down") === "1");
  // A model that is chosen elsewhere still has to be in the list.
  const models = [...new Set<string>([...NETWORK_MODELS, model])];
  const text = (): string => {
    const own = new Set<string>([...NETWORK_MODELS, "model", "macaddr", "bridge", "tag", "firewall", "link_down"]);
    const rest = [...known.items].filter(([name]) => !own.has(name));
    const items: [string, string][] = [];
    if (mac !== "") items.push([model, mac]);
    if (bridge !== "") items.push(["bridge", bridge]);
    if (tag !== "") items.push(["tag", tag]);
    if (hasFirewall) items.push(["firewall", "1"]);
    if (isUnplugged) items.push(["link_down", "1"]);
    return printItems({ head: mac === "" ? model : undefined, items: new Map([...items, ...rest]) });
  };
  return (
    <Frame
      {...props}
      title={t("hardware.network-title", { key })}
      fields={[key]}
      change={() => ({ [key]: text() }) as Change}
    >
      {(errors) => (
        <>
          <TextField
            label={t("hardware.bridge")}
            value={bridge}
            onChange={setBridge}
            help={t("hardware.bridge-help")}
            error={errors[key]}
            data-autofocus
          />
          <TextField label={t("hardware.vlan")} value={tag} onChange={setTag} inputMode="numeric" />
          <SelectField
            label={t("hardware.network-model")}
            value={model}
            onChange={setModel}
            options={models.map((name) => ({ value: name, label: name }))}
          />
          <TextField
            label={t("hardware.mac")}
            value={mac}
            onChange={setMac}
            placeholder={t("hardware.mac-auto")}
            className="mono"
          />
          <Switch label={t("hardware.firewall")} checked={hasFirewall} onChange={setFirewall} width={6} />
          <Switch label={t("hardware.unplugged")} checked={isUnplugged} onChange={setUnplugged} width={6} />
        </>
      )}
    </Frame>
  );
}
