/** How long each command may take. Numbers are those that operators know from the reference's time-outs. */
const DEFAULT_TIMEOUT_MS = 5_000;

const DEVICE_TIMEOUT_MS = 60_000;
const THAW_TIMEOUT_MS = 180_000;
const LONG_TIMEOUT_MS = 600_000;
const VERY_LONG_TIMEOUT_MS = 3_600_000;

const TIMEOUT_MS_BY_COMMAND: Readonly<Record<string, number>> = {
  device_add: DEVICE_TIMEOUT_MS,
  device_del: DEVICE_TIMEOUT_MS,
  netdev_add: DEVICE_TIMEOUT_MS,
  netdev_del: DEVICE_TIMEOUT_MS,
  "blockdev-add": DEVICE_TIMEOUT_MS,
  "blockdev-del": DEVICE_TIMEOUT_MS,
  "chardev-add": DEVICE_TIMEOUT_MS,
  "chardev-remove": DEVICE_TIMEOUT_MS,
  "object-add": DEVICE_TIMEOUT_MS,
  "object-del": DEVICE_TIMEOUT_MS,
  eject: DEVICE_TIMEOUT_MS,
  "blockdev-open-tray": DEVICE_TIMEOUT_MS,
  "blockdev-remove-medium": DEVICE_TIMEOUT_MS,
  "blockdev-insert-medium": DEVICE_TIMEOUT_MS,
  "blockdev-close-tray": DEVICE_TIMEOUT_MS,
  block_resize: DEVICE_TIMEOUT_MS,
  quit: DEVICE_TIMEOUT_MS,
  "guest-fsfreeze-thaw": THAW_TIMEOUT_MS,
  "guest-fstrim": LONG_TIMEOUT_MS,
  "guest-shutdown": LONG_TIMEOUT_MS,
  "block-job-cancel": LONG_TIMEOUT_MS,
  "block-job-complete": LONG_TIMEOUT_MS,
  "guest-fsfreeze-freeze": VERY_LONG_TIMEOUT_MS,
  "blockdev-snapshot-internal-sync": VERY_LONG_TIMEOUT_MS,
  "blockdev-snapshot-delete-internal-sync": VERY_LONG_TIMEOUT_MS,
  "query-migrate": VERY_LONG_TIMEOUT_MS,
};

export function commandTimeoutMs(command: string): number {
  return TIMEOUT_MS_BY_COMMAND[command] ?? DEFAULT_TIMEOUT_MS;
}
