import { type ReactNode, useState } from "react";
import { useAllowed } from "../app-context.tsx";
import { type Device, type DeviceKind, devicesOf, isCdrom } from "../guest/devices.ts";
import { useConfigSaver } from "../guest/save-config.tsx";
import { Confirm } from "../overlays/confirm.tsx";
import { Button } from "../parts/button.tsx";
import { Failure } from "../parts/failure.tsx";
import { Icon, type IconName, StateShape } from "../parts/icon.tsx";
import { Menu, type MenuItem } from "../parts/menu.tsx";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import { DeviceSheet, type SheetKind } from "./device-sheets.tsx";
import { deviceChanges, pendingKeys } from "./pending.ts";
import type { TabProps } from "./vm-page.tsx";

const KIND_ICON: Readonly<Record<DeviceKind, IconName>> = {
  processor: "processor",
  memory: "memory",
  disk: "storage",
  cdrom: "disc",
  network: "network",
  display: "guest",
  serial: "terminal",
  other: "settings",
};

/** Which right a change of a device needs. */
const PRIVILEGE: Readonly<Record<DeviceKind, string>> = {
  processor: "VM.Config.CPU",
  memory: "VM.Config.Memory",
  disk: "VM.Config.Disk",
  cdrom: "VM.Config.CDROM",
  network: "VM.Config.Network",
  display: "VM.Config.HWType",
  serial: "VM.Config.HWType",
  other: "VM.Config.HWType",
};

const REFRESH_MS = 10_000;

export function HardwareTab({ guest }: TabProps): ReactNode {
  const { node, vmid, name } = guest;
  const { whyNot } = useAllowed();
  const config = useCall("/nodes/{node}/qemu/{vmid}/config", { node, vmid, current: 1 }, { everyMs: REFRESH_MS });
  const pending = useCall("/nodes/{node}/qemu/{vmid}/pending", { node, vmid }, { everyMs: REFRESH_MS });
  const saver = useConfigSaver(guest);
  const [open, setOpen] = useState<SheetKind | undefined>(undefined);
  const [removing, setRemoving] = useState<Device | undefined>(undefined);
  const { data } = config;
  const reload = (): void => {
    config.reload();
    pending.reload();
  };
  if (data === undefined) {
    return config.error === undefined ? (
      <span className="sk" style={{ height: 300, marginTop: 16 }} />
    ) : (
      <div style={{ marginTop: 16 }}>
        <Failure what={t("vm.config-failed")} error={config.error} onRetry={config.reload} />
      </div>
    );
  }
  const devices = devicesOf(data);
  const { changed, coming } = deviceChanges(data, pendingKeys(pending.data));
  const may = (kind: DeviceKind): string | undefined => whyNot(`/vms/${vmid}`, PRIVILEGE[kind]);
  const add: readonly MenuItem[] = [
    {
      label: t("hardware.add-disk"),
      icon: "storage",
      whyNot: may("disk"),
      onSelect: () => setOpen({ kind: "add-disk" }),
    },
    {
      label: t("hardware.add-cdrom"),
      icon: "disc",
      whyNot: may("cdrom"),
      onSelect: () => setOpen({ kind: "cdrom", key: undefined, value: "none,media=cdrom" }),
    },
    {
      label: t("hardware.add-network"),
      icon: "network",
      whyNot: may("network"),
      onSelect: () => setOpen({ kind: "network", key: undefined, value: undefined }),
    },
    {
      label: t("hardware.add-serial"),
      icon: "terminal",
      whyNot: may("serial") ?? (data.serial0 === undefined ? undefined : t("hardware.has-serial")),
      onSelect: () => void saver.save({ serial0: "socket", digest: data.digest }).then(reload),
    },
  ];
  const revert = (key: string): void => void saver.save({ revert: key }).then(reload);
  return (
    <>
      <div className="subnav">
        <span className="faint">{t("hardware.hint")}</span>
        <span className="grow" />
        <Menu label={t("hardware.add")} items={add}>
          <Icon name="plus" />
          {t("hardware.add")}
        </Menu>
      </div>
      <section className="card" style={{ marginTop: 12 }}>
        {saver.error === undefined || open !== undefined ? null : (
          <div style={{ padding: 12 }}>
            <Failure what={t("config.failed", { name })} error={saver.error} />
          </div>
        )}
        <table className="dev">
          <caption className="sr">{t("tab.hardware")}</caption>
          <thead className="sr">
            <tr>
              <th scope="col">{t("column.device")}</th>
              <th scope="col">{t("column.what")}</th>
              <th scope="col">{t("column.actions")}</th>
            </tr>
          </thead>
          <tbody>
            {devices.map((device) => {
              const change = changed.get(device.key);
              const reason = may(device.kind);
              const sheet = sheetOf(device);
              return (
                <tr key={device.key} className={change === undefined ? "" : "pendrow"}>
                  <td>
                    <span className="st">
                      <Icon name={KIND_ICON[device.kind]} className="faint" />
                      {device.label}
                    </span>
                  </td>
                  <td className="sent">
                    {device.sentence}
                    {change === undefined ? null : (
                      <div className="st warn">
                        <StateShape shape="warn" />
                        <span style={{ whiteSpace: "normal" }}>
                          {t(change.sentence === undefined ? "hardware.goes" : "hardware.becomes", {
                            value: change.sentence ?? "",
                          })}{" "}
                          <button type="button" className="link" onClick={() => revert(change.keys.join())}>
                            {t("pending.revert")}
                          </button>
                        </span>
                      </div>
                    )}
                  </td>
                  <td className="num">
                    {sheet === undefined ? null : (
                      <Button
                        look="quiet"
                        whyNot={reason}
                        onClick={() => setOpen(sheet)}
                        aria-label={t("hardware.edit-device", { device: device.label, key: device.key })}
                      >
                        {t("action.edit")}
                      </Button>
                    )}
                    {device.kind === "disk" ? (
                      <Button
                        look="quiet"
                        whyNot={reason}
                        onClick={() => setOpen({ kind: "resize", key: device.key, value: device.value })}
                        aria-label={t("hardware.resize-device", { key: device.key })}
                      >
                        {t("hardware.resize")}
                      </Button>
                    ) : null}
                    {isRemovable(device) ? (
                      <Button
                        look="quiet"
                        whyNot={reason}
                        onClick={() => setRemoving(device)}
                        aria-label={t("hardware.remove-device", { device: device.label, key: device.key })}
                      >
                        {t("action.remove")}
                      </Button>
                    ) : null}
                  </td>
                </tr>
              );
            })}
            {coming.map(({ key, kind, label, sentence }) => (
              <tr key={key} className="pendrow">
                <td>
                  <span className="st">
                    <Icon name={KIND_ICON[kind]} className="faint" />
                    {label}
                  </span>
                </td>
                <td className="sent">
                  {sentence}
                  <div className="st warn">
                    <StateShape shape="warn" />
                    {t("pending.next-start")}
                  </div>
                </td>
                <td className="num">
                  <Button look="quiet" onClick={() => revert(key)}>
                    {t("pending.revert")}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {open === undefined ? null : (
        <DeviceSheet
          guest={guest}
          config={data}
          sheet={open}
          onClose={() => {
            setOpen(undefined);
            reload();
          }}
        />
      )}
      {removing === undefined ? null : (
        <Confirm
          title={t("hardware.remove-title", { device: removing.label, key: removing.key, name })}
          text={removeText(removing)}
          action={t("hardware.remove-action", { key: removing.key })}
          onConfirm={() => void saver.save({ delete: removing.key, digest: data.digest }).then(reload)}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </>
  );
}

function sheetOf({ kind, key, value }: Device): SheetKind | undefined {
  switch (kind) {
    case "processor":
    case "memory":
      return { kind };
    case "disk":
      return { kind: "disk", key, value };
    case "cdrom":
      return { kind: "cdrom", key, value };
    case "network":
      return { kind: "network", key, value };
    case "display":
      return { kind: "display" };
    case "serial":
    case "other":
      return undefined;
    default:
      return kind satisfies never;
  }
}

function isRemovable({ kind }: Device): boolean {
  return kind === "disk" || kind === "cdrom" || kind === "network" || kind === "serial" || kind === "other";
}

/** Taking a disk off keeps its file; taking off what is already unused deletes it. */
function removeText({ kind, key, value, sentence }: Device): string {
  if (key.startsWith("unused")) return t("hardware.remove-unused", { file: value });
  if (kind === "disk" && !isCdrom(value)) return t("hardware.remove-disk", { disk: sentence });
  return t("hardware.remove-text", { device: sentence });
}
