/**
 * Auto-ballooning: how much memory each VM should have so that the host stays below its target. Pure; sizes in bytes.
 */

export interface BalloonVm {
  readonly vmid: number;
  /** What it has now. */
  readonly balloon: number;
  /** What it may be shrunk to. */
  readonly balloonMin: number;
  readonly maxmem: number;
  /** What the guest says it does not use. */
  readonly freemem: number;
  /** Weight against the others; 0 takes the VM out. */
  readonly shares?: number;
}

export interface BalloonHost {
  readonly memtotal: number;
  readonly memused: number;
  /** Percent of the memory that may be in use. */
  readonly targetPercent: number;
}

export const DEFAULT_BALLOON_TARGET_PERCENT = 80;
/** Most that one VM changes in one cycle. */
export const BALLOON_STEP_BYTES = 100 * 1024 * 1024;
/** Differences below this are left alone. */
const DEAD_ZONE_BYTES = 10 * 1024 * 1024;
const DEFAULT_SHARES = 1000;
/** A VM with so much of its minimum unused has no need. */
const RELAXED_SHARE = 0.25;

/** Bytes to give to VMs (negative: to take from them). */
export function balloonGoal({ memtotal, memused, targetPercent }: BalloonHost): number {
  return Math.trunc((memtotal * targetPercent) / 100 - memused);
}

/** @returns the new size of each VM that is to change. */
export function balloonTargets(
  vms: readonly BalloonVm[],
  goal: number,
  stepBytes: number = BALLOON_STEP_BYTES,
): Map<number, number> {
  const isRelaxed = (vm: BalloonVm): boolean =>
    vm.freemem > vm.balloonMin * RELAXED_SHARE && vm.balloon >= vm.balloonMin;
  if (Math.abs(goal) <= DEAD_ZONE_BYTES) return new Map();
  const first = vms.filter((vm) => isRelaxed(vm) === goal < 0);
  const changes = distribute(first, goal, stepBytes);
  return changes.size > 0 ? changes : distribute(vms, goal, stepBytes);
}

function distribute(vms: readonly BalloonVm[], amount: number, stepBytes: number): Map<number, number> {
  const isGrowing = amount > 0;
  const wanted = new Map(vms.map((vm) => [vm.vmid, vm.balloon]));
  let open = [...vms];
  let rest = amount;
  for (let hasProgress = true; hasProgress && rest !== 0 && open.length > 0; ) {
    hasProgress = false;
    const allocated = open.reduce((sum, vm) => sum + sizeOf(wanted, vm) - vm.balloonMin, 0);
    const shares = open.reduce((sum, vm) => sum + (vm.shares ?? DEFAULT_SHARES), 0);
    const before = rest;
    const stillOpen: BalloonVm[] = [];
    for (const vm of open) {
      const share = Math.trunc(((allocated + before) / shares) * (vm.shares ?? DEFAULT_SHARES));
      const desired = Math.min(Math.max(vm.balloonMin + share, vm.balloonMin), vm.maxmem);
      const isWanting = isGrowing ? desired > vm.balloon : desired < vm.balloon;
      if (!isWanting) continue;
      const current = sizeOf(wanted, vm);
      // Never more than is still to be given or taken: shares that do not fit the sizes would take from several at once.
      const next = isGrowing
        ? Math.min(vm.balloon + stepBytes, desired, current + rest)
        : Math.max(vm.balloon - stepBytes, desired, current + rest);
      const change = next - current;
      if (change !== 0) {
        hasProgress = true;
        wanted.set(vm.vmid, next);
        rest -= change;
      }
      stillOpen.push(vm);
    }
    // Fewer VMs share what is left: the others' parts grow.
    if (stillOpen.length < open.length) hasProgress = true;
    open = stillOpen;
  }
  return new Map(vms.filter((vm) => sizeOf(wanted, vm) !== vm.balloon).map((vm) => [vm.vmid, sizeOf(wanted, vm)]));
}

function sizeOf(wanted: ReadonlyMap<number, number>, vm: BalloonVm): number {
  return wanted.get(vm.vmid) ?? vm.balloon;
}
