/**
 * What it takes to plug a drive or a card into a running guest: the arguments that it would have at start. Give the
 * running machine as `forceMachine`, since its version decides their form.
 */
import { OptionError } from "../values.ts";
import { blockNodes, volumeOf } from "./block-nodes.ts";
import { openLine } from "./build-command.ts";
import { BuildError } from "./build-error.ts";
import {
  deviceArgument,
  driveArgument,
  iothreadOf,
  scsiController,
  scsiPlace,
  throttleObject,
} from "./drive-devices.ts";
import type { JsonObject } from "./json.ts";
import { cardArgument, cardsOf, netdevArgument } from "./network.ts";
import type { BuildOptions, BuildWorld } from "./world.ts";

export interface DrivePlug {
  /** Values of `-object`, to be added first. */
  readonly objects: readonly string[];
  /** Value of `-device` for the drive's controller and its id; whether it is there already is the caller's to find out. */
  readonly controller?: { readonly id: string; readonly device: string };
  /** The top node (machine 10.0 and newer). Absent for an empty tray. */
  readonly blockdev?: JsonObject;
  /** Value of `-drive` (older machines). */
  readonly drive?: string;
  /** Value of `-device`. */
  readonly device: string;
}

type Config = Readonly<Record<string, string>>;

/** @throws BuildError for what cannot be plugged. */
export function drivePlug(config: Config, key: string, world: BuildWorld, options: BuildOptions): DrivePlug {
  const line = openLine(config, world, options);
  const drive = line.drives.find((candidate) => candidate.key === key);
  if (drive === undefined) throw new OptionError(`'${key}' is not a drive of this VM`);
  if (drive.bus !== "scsi" && drive.bus !== "virtio")
    throw new BuildError(`cannot plug '${key}': its bus cannot do that`);
  const volume = volumeOf(line, drive);
  const thread = iothreadOf(line, drive);
  const hasNodes = line.isAtLeast(10, 0);
  const isEmpty = drive.file === "none";
  const id = drive.bus === "scsi" ? scsiPlace(config.scsihw, drive.index).controller : undefined;
  return {
    objects: [
      ...(thread === undefined ? [] : [`iothread,id=${thread}`]),
      ...(hasNodes && !isEmpty ? [throttleObject(drive)] : []),
    ],
    ...(id === undefined ? {} : { controller: { id, device: scsiController(line, drive, id) } }),
    ...(hasNodes && !isEmpty ? { blockdev: blockNodes(line, drive, volume) } : {}),
    ...(hasNodes ? {} : { drive: driveArgument(line, drive, volume) }),
    device: deviceArgument(line, drive, volume, undefined),
  };
}

export interface CardPlug {
  /** Value of `-netdev`. */
  readonly netdev: string;
  /** Value of `-device`. */
  readonly device: string;
}

export function cardPlug(config: Config, key: string, world: BuildWorld, options: BuildOptions): CardPlug {
  const line = openLine(config, world, options);
  const card = cardsOf(config).find((candidate) => candidate.key === key);
  if (card === undefined) throw new OptionError(`'${key}' is not a card of this VM`);
  return { netdev: netdevArgument(line, card, "pve-bridge-hotplug"), device: cardArgument(line, card, undefined) };
}
