/** Which device is tried when: key → bootindex. */

import { namedProperties } from "../../../rest/property-string.ts";
import { type Drive, isCloudinitDrive } from "../drives.ts";
import { readProperties } from "../values.ts";

/** Distance between the classes of the old letter form. */
const STEP = 100;

export function bootIndexes(
  config: Readonly<Record<string, string>>,
  drives: readonly Drive[],
): ReadonlyMap<string, number> {
  const boot =
    config.boot === undefined ? { legacy: "cdn" } : readProperties("boot", namedProperties("pve-qm-boot"), config.boot);
  if (typeof boot.order === "string") {
    return new Map(
      boot.order
        .split(/[;,\s]+/)
        .filter(Boolean)
        .map((device, at) => [device, STEP + at]),
    );
  }
  return typeof boot.legacy === "string" ? legacyIndexes(boot.legacy, config, drives) : new Map();
}

function legacyIndexes(
  letters: string,
  config: Readonly<Record<string, string>>,
  drives: readonly Drive[],
): Map<string, number> {
  const next = new Map([...letters].map((letter, at) => [letter, (at + 1) * STEP]));
  const take = (letter: string): number | undefined => {
    const index = next.get(letter);
    if (index !== undefined) next.set(letter, index + 1);
    return index;
  };
  const indexes = new Map<string, number>();
  const assign = (key: string, index: number | undefined): void => {
    if (index !== undefined) indexes.set(key, index);
  };
  for (const drive of drives) {
    if (drive.bus === "efidisk" || drive.bus === "tpmstate") continue;
    if (drive.isCdrom) {
      if (!isCloudinitDrive(drive)) assign(drive.key, take("d"));
      continue;
    }
    const index = take("c");
    if (drive.key === config.bootdisk) assign(drive.key, index);
  }
  const cards = Object.keys(config).filter((key) => /^net\d+$/.test(key));
  cards.sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));
  for (const key of cards) assign(key, take("n"));
  return indexes;
}
