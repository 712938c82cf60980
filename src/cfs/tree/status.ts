/** Volatile values that nodes broadcast: each node's keys with their versions, and RRD data cluster wide. */
import type { Errno } from "./errno.ts";

export const MAX_STATUS_BYTES = 32768;
/** With its NUL. */
const MAX_KEY_BYTES = 256;
const MAX_RRD_BYTES = 4096;
const RRD_PREFIX = "rrd/";
/** Older RRD data is not shown any more. */
const RRD_LIFE_SECONDS = 300;

interface StatusValue {
  readonly value: Buffer;
  /** 0 at the first set, then +1: counted by each node for itself. */
  readonly version: number;
}

interface RrdValue {
  readonly data: string;
  /** Seconds on the monotonic clock of {@link StatusTable.set}. */
  readonly time: number;
}

export class StatusTable {
  readonly #nodes = new Map<string, Map<string, StatusValue>>();
  readonly #rrd = new Map<string, RrdValue>();
  readonly #addresses = new Map<string, string>();
  readonly #ownNode: string;

  constructor(ownNode: string) {
    this.#ownNode = ownNode;
  }

  /** The own node first, the others once they have sent a key. */
  nodes(): [string, ReadonlyMap<string, StatusValue>][] {
    const own: [string, ReadonlyMap<string, StatusValue>] = [
      this.#ownNode,
      this.#nodes.get(this.#ownNode) ?? new Map(),
    ];
    const others = [...this.#nodes].filter(([node]) => node !== this.#ownNode);
    return [own, ...others];
  }

  /**
   * @param value empty to delete the key.
   * @param now seconds on a monotonic clock: a clock that is set must not make data look new or old.
   * @returns why it is refused, undefined when it was taken.
   */
  set(node: string, key: string, value: Buffer, now: number): Errno | undefined {
    if (key === "" || key.includes("\0")) return "EINVAL";
    if (Buffer.byteLength(key) >= MAX_KEY_BYTES || value.length > MAX_STATUS_BYTES) return "EFBIG";
    if (key === "nodeip") {
      this.#addresses.set(node, textOf(value));
      return undefined;
    }
    if (key.startsWith(RRD_PREFIX)) {
      if (value.length >= MAX_RRD_BYTES) return "EFBIG";
      this.#rrd.set(key.slice(RRD_PREFIX.length), { data: textOf(value), time: now });
      return undefined;
    }
    const values = this.#nodes.get(node) ?? new Map<string, StatusValue>();
    if (value.length === 0) values.delete(key);
    else values.set(key, { value, version: (values.get(key)?.version ?? -1) + 1 });
    this.#nodes.set(node, values);
    return undefined;
  }

  /** @returns the value as it was set, undefined when that node has no such key. */
  get(node: string, key: string): Buffer | undefined {
    return this.#nodes.get(node)?.get(key)?.value;
  }

  address(node: string): string | undefined {
    return this.#addresses.get(node);
  }

  /** RRD key → data, of the last five minutes by the clock of `set`. Forgets the rest. */
  rrd(now: number): Map<string, string> {
    const fresh = new Map<string, string>();
    for (const [key, { data, time }] of this.#rrd) {
      if (now - time > RRD_LIFE_SECONDS) this.#rrd.delete(key);
      else fresh.set(key, data);
    }
    return fresh;
  }
}

/** Values come with or without their terminating NUL. */
export function textOf(value: Buffer): string {
  const end = value.indexOf(0);
  return value.toString("utf8", 0, end === -1 ? value.length : end);
}
