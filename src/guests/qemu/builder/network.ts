/** Network cards and their backends. */
import { net as netProperties } from "../schema/devices.ts";
import { type PropertyValues, readProperties } from "../values.ts";
import { BuildError } from "./build-error.ts";
import type { CommandLine } from "./command-line.ts";
import { pciAddress } from "./pci-address.ts";

const MAX_INTERFACE_NAME_CHARS = 15;
const MIN_MTU = 576;
const DEFAULT_MTU = 1500;
/** The value of `mtu` that stands for the bridge's. */
const MTU_OF_BRIDGE = 1;

/** A card of a config: key, number, options. */
export interface NetCard {
  readonly key: string;
  readonly index: number;
  readonly options: PropertyValues;
}

export function cardsOf(config: Readonly<Record<string, string>>): NetCard[] {
  return Object.entries(config)
    .flatMap(([key, text]) => {
      const [, number] = /^net(\d+)$/.exec(key) ?? [];
      if (number === undefined) return [];
      return [{ key, index: Number(number), options: readProperties(key, netProperties, text) }];
    })
    .sort((a, b) => a.index - b.index);
}

export function addNetwork(line: CommandLine, bootIndexes: ReadonlyMap<string, number>): void {
  for (const card of cardsOf(line.config)) {
    line.uses(10, 0, 1);
    line.devices.push("-netdev", netdevArgument(line, card));
    line.devices.push("-device", cardArgument(line, card, bootIndexes.get(card.key)));
  }
}

/** @param script without directory; another one is used for cards plugged while the guest runs. */
export function netdevArgument(line: CommandLine, card: NetCard, script = "pve-bridge"): string {
  const { options } = card;
  if (options.bridge === undefined) {
    return `type=user,id=${card.key},hostname=${line.config.name ?? `vm${line.vmid}`}`;
  }
  const ifname = `tap${line.vmid}i${card.index}`;
  if (ifname.length > MAX_INTERFACE_NAME_CHARS) {
    throw new BuildError(`interface name '${ifname}' is too long (max ${MAX_INTERFACE_NAME_CHARS} character)`);
  }
  const scripts = line.world.paths.bridgeScripts;
  const parts = ["type=tap", `id=${card.key}`, `ifname=${ifname}`, `script=${scripts}/${script}`];
  parts.push(`downscript=${scripts}/pve-bridgedown`);
  const isNative = line.arch === line.world.hostArch;
  if (options.model === "virtio" && isNative && line.world.hasVhostNet) parts.push("vhost=on");
  if (typeof options.queues === "number" && options.queues > 1) parts.push(`queues=${options.queues}`);
  return parts.join(",");
}

export function cardArgument(line: CommandLine, card: NetCard, bootIndex: number | undefined): string {
  const { options } = card;
  const isVirtio = options.model === "virtio";
  const device = isVirtio ? "virtio-net-pci" : String(options.model);
  const parts = [device, `mac=${options.macaddr}`, `netdev=${card.key}`, pciAddress(line, card.key), `id=${card.key}`];
  const queues = typeof options.queues === "number" ? options.queues : 0;
  if (isVirtio && queues > 1) {
    parts.push(`vectors=${2 * queues + 2}`, "mq=on");
    if (line.isAtLeast(7, 1)) parts.push("packed=on");
  }
  if (isVirtio && line.isAtLeast(7, 1)) parts.push("rx_queue_size=1024", "tx_queue_size=256");
  if (bootIndex !== undefined) parts.push(`bootindex=${bootIndex}`);
  const mtu = isVirtio ? hostMtu(line, card) : undefined;
  if (mtu !== undefined) parts.push(`host_mtu=${mtu}`);
  if (line.machine.usesPxeRoms) parts.push(`romfile=pxe-${isVirtio ? "virtio" : options.model}.rom`);
  if (isVirtio && options["host-tunnel"] !== true && line.isAtLeast(11, 0, 1)) parts.push("host_tunnel=off");
  return parts.join(",");
}

function hostMtu(line: CommandLine, card: NetCard): number | undefined {
  const forced = line.options.netsHostMtu?.get(card.key);
  if (forced !== undefined) return forced;
  const { bridge, mtu } = card.options;
  if (bridge === undefined) return undefined;
  const bridgeMtu = line.world.bridgeMtus.get(String(bridge));
  const wanted = typeof mtu === "number" && mtu !== MTU_OF_BRIDGE ? mtu : bridgeMtu;
  if (wanted === undefined) return undefined;
  if (wanted < MIN_MTU) {
    throw new BuildError(`netdev ${card.key}: MTU '${wanted}' is smaller than the IP minimum MTU '${MIN_MTU}'`);
  }
  if (bridgeMtu !== undefined && wanted > bridgeMtu) {
    throw new BuildError(
      `netdev ${card.key}: MTU '${wanted}' is bigger than the bridge MTU '${bridgeMtu}' - adjust the network configuration`,
    );
  }
  return line.isAtLeast(10, 0, 1) || wanted !== DEFAULT_MTU ? wanted : undefined;
}
