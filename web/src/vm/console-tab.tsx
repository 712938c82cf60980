import { type ReactNode, useCallback } from "react";
import { useApp } from "../app-context.tsx";
import { accessOf } from "../console/access-of.ts";
import type { Access } from "../console/connection.ts";
import { Console } from "../console/console.tsx";
import { useGuestActions, useWhyNot } from "../guest/guest-actions.tsx";
import { POWER } from "../guest/power.ts";
import { Button } from "../parts/button.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import { useSearchParam } from "../route/navigation.tsx";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";
import type { TabProps } from "./vm-page.tsx";

const KINDS = ["screen", "serial"] as const;
const POWER_SHOWN = ["shutdown", "reboot", "reset", "stop"] as const;

export function ConsoleTab({ guest, state }: TabProps): ReactNode {
  const { api } = useApp();
  const { node, vmid, name } = guest;
  const { run } = useGuestActions();
  const whyNot = useWhyNot();
  const [asked, setAsked] = useSearchParam("console");
  const config = useCall("/nodes/{node}/qemu/{vmid}/config", { node, vmid, current: 1 });
  const serial = Object.keys(config.data ?? {}).find((key) => /^serial\d+$/.test(key));
  // A guest whose graphics go to its serial line has no other screen.
  const isSerialOnly = /^serial\d/.test(config.data?.vga ?? "");
  const kind = asked === "serial" || (asked === undefined && isSerialOnly) ? "serial" : "screen";

  const connectScreen = useCallback(async (): Promise<Access> => {
    const answer = await api.post("/nodes/{node}/qemu/{vmid}/vncproxy", {
      node,
      vmid,
      websocket: 1,
      "generate-password": 1,
    });
    return accessOf(answer, `/nodes/${encodeURIComponent(node)}/qemu/${vmid}/vncwebsocket`);
  }, [api, node, vmid]);
  const connectSerial = useCallback(async (): Promise<Access> => {
    const answer = await api.post("/nodes/{node}/qemu/{vmid}/termproxy", { node, vmid });
    return accessOf(answer, `/nodes/${encodeURIComponent(node)}/qemu/${vmid}/vncwebsocket`);
  }, [api, node, vmid]);

  let off: ReactNode;
  if (state === "stopped") {
    off = (
      <>
        <p>{t("console.guest-off", { name })}</p>
        <Button icon="play" whyNot={whyNot("start", guest)} onClick={() => run("start", guest)}>
          {t(POWER.start.label)}
        </Button>
      </>
    );
  } else if (state === "unknown") off = <p>{t("power.is-unknown", { node })}</p>;
  else if (kind === "serial" && config.data !== undefined && serial === undefined)
    off = <p>{t("console.no-serial", { name })}</p>;

  return (
    <Console
      key={kind}
      kind={kind === "serial" ? "terminal" : "screen"}
      label={t("console.label", { name })}
      connect={kind === "serial" ? connectSerial : connectScreen}
      off={off}
      choice={
        <div className="seg" role="toolbar" aria-label={t("console.choice")}>
          {KINDS.map((one) => (
            <button key={one} type="button" aria-pressed={kind === one} onClick={() => setAsked(one)}>
              {t(`console.${one}`)}
            </button>
          ))}
        </div>
      }
      actions={
        <Menu
          className="btn quiet"
          label={t("power.title")}
          items={POWER_SHOWN.map((action) => ({
            label: t(POWER[action].label),
            icon: POWER[action].icon,
            isDangerous: POWER[action].confirm !== undefined,
            whyNot: whyNot(action, guest),
            onSelect: () => run(action, guest),
          }))}
        >
          <Icon name="power" />
        </Menu>
      }
    />
  );
}
