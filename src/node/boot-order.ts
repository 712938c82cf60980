/** In which order guests start at boot and stop at shutdown. Pure. */
export interface BootGuest {
  readonly vmid: number;
  readonly onboot: boolean;
  readonly template: boolean;
  /** `order=N,up=S,down=S`, or a bare order. */
  readonly startup: string | undefined;
}

export interface Startup {
  readonly order: number | undefined;
  /** Seconds. */
  readonly up: number | undefined;
  readonly down: number | undefined;
}

export function parseStartup(text: string | undefined): Startup {
  const field = (name: string): number | undefined => {
    const found = new RegExp(`(?:^|,)${name}=(\\d+)`).exec(text ?? "")?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const bare = /^(\d+)(?:,|$)/.exec(text ?? "")?.[1];
  return {
    order: field("order") ?? (bare === undefined ? undefined : Number(bare)),
    up: field("up"),
    down: field("down"),
  };
}

/** Groups that come one after the other; guests without an order come last at the start, and first at the stop. */
export function startGroups<G extends BootGuest>(guests: readonly G[]): G[][] {
  const groups = new Map<number, G[]>();
  for (const guest of [...guests].sort((a, b) => a.vmid - b.vmid)) {
    const order = parseStartup(guest.startup).order ?? Number.POSITIVE_INFINITY;
    groups.set(order, [...(groups.get(order) ?? []), guest]);
  }
  return [...groups].sort(([a], [b]) => (a === b ? 0 : a - b)).map(([, group]) => group);
}

export function stopGroups<G extends BootGuest>(guests: readonly G[]): G[][] {
  return startGroups(guests)
    .reverse()
    .map((group) => group.reverse());
}
