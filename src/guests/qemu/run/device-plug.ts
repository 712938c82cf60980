/** Plugs drives and cards into one running guest, as they would be at its start. What fails halfway is taken back. */
import { messageOf } from "../../../errors/quorate-error.ts";
import type { Layout } from "../../../os/layout.ts";
import { plugTap } from "../../../os/tap.ts";
import type { Storages } from "../../../storage/port.ts";
import { throttleLimits } from "../builder/block-nodes.ts";
import { cardPlug, drivePlug } from "../builder/index.ts";
import { cardsOf } from "../builder/network.ts";
import type { VmConfig } from "../config.ts";
import { VmRefusedError } from "../config-error.ts";
import { hasVolume, readDrive } from "../drives.ts";
import type { WorldGatherer } from "../gather-world.ts";
import { type StockHost, toStockCommand } from "../stock/stock-command.ts";
import { bridgeOfCard } from "./card-bridge.ts";
import type { DeviceMonitor } from "./device-monitor.ts";

export interface DevicePlugDeps {
  readonly vmid: number;
  readonly monitor: DeviceMonitor;
  readonly worlds: WorldGatherer;
  readonly storages: Storages;
  readonly host: StockHost;
  readonly layout: Pick<Layout, "isSystem">;
}

export class DevicePlug {
  readonly #deps: DevicePlugDeps;

  constructor(deps: DevicePlugDeps) {
    this.#deps = deps;
  }

  /** @param config as it will be, with the drive. */
  async plugDrive(config: VmConfig, key: string): Promise<void> {
    const { monitor, storages } = this.#deps;
    const drive = readDrive(key, config[key] ?? "");
    if (hasVolume(drive)) await storages.activate([drive.file]);
    const plug = await this.#drive(config, key);
    await undoingOnFailure(async (undo) => {
      for (const object of plug.objects) {
        await monitor.addObject(object);
        undo(() => monitor.removeObject(objectId(object)));
      }
      const { controller, blockdev } = plug;
      if (controller !== undefined && !(await monitor.hasDevice(controller.id))) {
        await monitor.addDevice(controller.device);
        if (controller.id.startsWith("virtioscsi")) undo(() => monitor.removeDevice(controller.id));
      }
      if (blockdev !== undefined) {
        await monitor.addNode(
          JSON.parse(this.#stock("-blockdev", JSON.stringify(blockdev))) as Record<string, unknown>,
        );
        undo(() => monitor.removeNode(`drive-${key}`));
      }
      if (plug.drive !== undefined) {
        await monitor.addDrive(this.#stock("-drive", plug.drive));
        undo(() => monitor.removeDrive(`drive-${key}`));
      }
      await monitor.addDevice(plug.device);
      if (!(await monitor.hasDevice(key))) throw new VmRefusedError(`the guest did not take '${key}'`);
    });
  }

  /** @param config as it is, with the drive. */
  async unplugDrive(config: VmConfig, key: string): Promise<void> {
    const { monitor } = this.#deps;
    const plug = await this.#drive(config, key);
    if (await monitor.hasDevice(key)) await monitor.removeDevice(key);
    if (plug.blockdev !== undefined) await monitor.removeNode(`drive-${key}`);
    else await monitor.removeDrive(`drive-${key}`);
    // A controller of its own and its thread go with the drive.
    if (plug.controller?.id.startsWith("virtioscsi") && (await monitor.hasDevice(plug.controller.id)))
      await monitor.removeDevice(plug.controller.id);
    for (const object of plug.objects) await monitor.removeObject(objectId(object));
  }

  async changeMedium(config: VmConfig, key: string): Promise<void> {
    const { monitor, worlds, storages } = this.#deps;
    const drive = readDrive(key, config[key] ?? "");
    if (drive.file === "none") return await monitor.changeMedium(key, undefined);
    if (hasVolume(drive)) await storages.activate([drive.file]);
    const volume = (await worlds.gather(config)).volumes.get(drive.file);
    const path = volume?.location.kind === "path" ? volume.location.path : "/dev/cdrom";
    await monitor.changeMedium(key, { path, format: volume?.format ?? "raw" });
  }

  async limitDrive(config: VmConfig, key: string): Promise<void> {
    const limits: Record<string, number> = { bps: 0, bps_rd: 0, bps_wr: 0, iops: 0, iops_rd: 0, iops_wr: 0 };
    const wanted = throttleLimits(readDrive(key, config[key] ?? ""));
    for (const [name, value] of Object.entries(wanted)) limits[shortLimit(name)] = Number(value);
    await this.#deps.monitor.limitDrive(key, limits);
  }

  /** @param config as it will be, with the card. */
  async plugCard(config: VmConfig, key: string): Promise<void> {
    const { monitor } = this.#deps;
    this.#bridge(config, key);
    const plug = await this.#card(config, key);
    await undoingOnFailure(async (undo) => {
      await monitor.addNetdev(this.#stock("-netdev", plug.netdev));
      undo(() => monitor.removeNetdev(key));
      await monitor.addDevice(plug.device);
      undo(() => monitor.removeDevice(key));
      await this.rewireCard(config, key);
    });
  }

  async unplugCard(key: string): Promise<void> {
    const { monitor } = this.#deps;
    if (await monitor.hasDevice(key)) await monitor.removeDevice(key);
    await monitor.removeNetdev(key);
  }

  /** Puts the card's interface on its bridge and its link as the config says. */
  async rewireCard(config: VmConfig, key: string): Promise<void> {
    const { monitor, vmid } = this.#deps;
    const bridge = this.#bridge(config, key);
    const card = cardOf(config, key);
    if (bridge !== undefined) await plugTap(`tap${vmid}i${card.index}`, bridge);
    await monitor.setLink(key, card.options.link_down !== true);
  }

  #bridge(config: VmConfig, key: string): string | undefined {
    return this.#deps.layout.isSystem ? bridgeOfCard(cardOf(config, key)) : undefined;
  }

  async #drive(config: VmConfig, key: string): Promise<ReturnType<typeof drivePlug>> {
    return drivePlug(config, key, await this.#deps.worlds.gather(config), await this.#options());
  }

  async #card(config: VmConfig, key: string): Promise<ReturnType<typeof cardPlug>> {
    return cardPlug(config, key, await this.#deps.worlds.gather(config), await this.#options());
  }

  async #options(): Promise<{ vmid: number; forceMachine: string }> {
    return { vmid: this.#deps.vmid, forceMachine: await this.#deps.monitor.machineType() };
  }

  #stock(name: string, value: string): string {
    const { host } = this.#deps;
    return toStockCommand([host.binary, name, value], host).at(-1) ?? value;
  }
}

function cardOf(config: VmConfig, key: string): ReturnType<typeof cardsOf>[number] {
  const card = cardsOf(config).find((candidate) => candidate.key === key);
  if (card === undefined) throw new TypeError(`'${key}' is not a card of this VM`);
  return card;
}

function objectId(text: string): string {
  if (text.startsWith("{")) return String((JSON.parse(text) as Record<string, unknown>).id);
  return /(?:^|,)id=([^,]+)/.exec(text)?.[1] ?? "";
}

/** `bps-read-max` is `bps_rd_max` to the monitor. */
function shortLimit(name: string): string {
  return name.replace("-total", "").replace("-read", "_rd").replace("-write", "_wr").replaceAll("-", "_");
}

/** Runs `work`; when it fails, what it did is undone from the last to the first. */
async function undoingOnFailure(work: (undo: (step: () => Promise<void>) => void) => Promise<void>): Promise<void> {
  const steps: (() => Promise<void>)[] = [];
  try {
    await work((step) => steps.push(step));
  } catch (error) {
    const left: string[] = [];
    for (const step of steps.reverse()) await step().catch((problem: unknown) => left.push(messageOf(problem)));
    if (left.length === 0) throw error;
    throw new VmRefusedError(`${messageOf(error)}; could not take back: ${left.join("; ")}`, { cause: error });
  }
}
