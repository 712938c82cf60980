/** The guests of the cluster by VMID, kept as their config files come and go: what `.vmlist` shows. */
import type { GuestEntry } from "../port.ts";
import { type GuestPath, parseGuestPath } from "./paths.ts";

export class GuestList {
  readonly #guests = new Map<number, GuestEntry>();
  #version = 0;
  #entryVersion = 0;

  /** +1 with each registration, removal and load. */
  get version(): number {
    return this.#version;
  }

  get entries(): ReadonlyMap<number, GuestEntry> {
    return this.#guests;
  }

  /** Whether a config at `guest` would give its VMID to a second node or type. */
  isTakenElsewhere(guest: GuestPath): boolean {
    const known = this.#guests.get(guest.vmid);
    return known !== undefined && (known.node !== guest.node || known.type !== guest.type);
  }

  register(guest: GuestPath): void {
    this.#version += 1;
    this.#entryVersion += 1;
    this.#guests.set(guest.vmid, { ...guest, version: this.#entryVersion });
  }

  remove(vmid: number): void {
    if (this.#guests.delete(vmid)) this.#version += 1;
  }

  /**
   * Takes over the config files of a loaded tree.
   * @param hasNodes whether the tree has a directory `nodes`; a tree without one leaves the list at version 0.
   * @returns the first VMID that two files claim, undefined when there is none.
   */
  load(paths: Iterable<string>, hasNodes: boolean): number | undefined {
    this.#guests.clear();
    if (hasNodes) this.#version += 1;
    for (const path of paths) {
      const guest = parseGuestPath(path);
      if (guest === undefined) continue;
      if (this.#guests.has(guest.vmid)) return guest.vmid;
      this.#entryVersion += 1;
      this.#guests.set(guest.vmid, { ...guest, version: this.#entryVersion });
    }
    return undefined;
  }
}
