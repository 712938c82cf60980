/**
 * Adds and removes parts of a running guest. Devices are given as on the command line and go through the human monitor,
 * which reads them the same way in every version of QEMU.
 */
import { VmRefusedError } from "../config-error.ts";
import { isRecord } from "../qmp/connection.ts";
import { type QmpOptions, QmpTimeoutError, withQmp } from "../qmp/index.ts";

/** How long a guest may take to let go of a device. */
const UNPLUG_TIMEOUT_MS = 5_000;
const DEVICES = "/machine/peripheral";
const OBJECTS = "/objects";

export class DeviceMonitor {
  readonly #options: QmpOptions;

  constructor(options: QmpOptions) {
    this.#options = options;
  }

  hasDevice(id: string): Promise<boolean> {
    return this.#lists(DEVICES, id);
  }

  /** @param text value of `-device`. */
  async addDevice(text: string): Promise<void> {
    await this.#human(`device_add ${quoted(text)}`);
  }

  /** @throws VmRefusedError when the guest does not let go of it. */
  async removeDevice(id: string): Promise<void> {
    await withQmp(this.#options, async (qmp) => {
      const gone = qmp.nextEvent(`end of ${id}`, { timeoutMs: UNPLUG_TIMEOUT_MS }, ({ event, data }) => {
        return event === "DEVICE_DELETED" && data.device === id;
      });
      gone.catch(() => {}); // Awaited below; the command may fail first.
      await qmp.execute("device_del", { id });
      await gone;
    }).catch((error: unknown) => {
      if (error instanceof QmpTimeoutError) throw new VmRefusedError(`error on hot-unplugging device '${id}'`);
      throw error;
    });
  }

  /** @param text value of `-drive`. */
  async addDrive(text: string): Promise<void> {
    await this.#human(`drive_add auto ${quoted(text)}`, /^OK\s*$/);
  }

  /** A backend ends with its device; one that never had a device is removed here. */
  async removeDrive(id: string): Promise<void> {
    const blocks = await this.#execute("query-block");
    const isThere = Array.isArray(blocks) && blocks.some((block) => isRecord(block) && block.device === id);
    if (isThere) await this.#human(`drive_del ${id}`);
  }

  /** @param node JSON of `-blockdev`. */
  async addNode(node: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#execute("blockdev-add", node);
  }

  async removeNode(name: string): Promise<void> {
    await this.#execute("blockdev-del", { "node-name": name });
  }

  /** @param text value of `-object`, JSON or not. */
  async addObject(text: string): Promise<void> {
    if (text.startsWith("{")) await this.#execute("object-add", JSON.parse(text) as Record<string, unknown>);
    else await this.#human(`object_add ${text}`);
  }

  async removeObject(id: string): Promise<void> {
    if (await this.#lists(OBJECTS, id)) await this.#execute("object-del", { id });
  }

  /** @param text value of `-netdev`. */
  async addNetdev(text: string): Promise<void> {
    await this.#human(`netdev_add ${quoted(text)}`);
  }

  async removeNetdev(id: string): Promise<void> {
    await this.#execute("netdev_del", { id });
  }

  async setLink(id: string, isUp: boolean): Promise<void> {
    await this.#execute("set_link", { name: id, up: isUp });
  }

  /** The medium of an optical drive whose backend is a `-drive`; undefined: none. */
  async changeMedium(
    id: string,
    medium: { readonly path: string; readonly format: string } | undefined,
  ): Promise<void> {
    if (medium === undefined) await this.#execute("eject", { id, force: true });
    else
      await this.#execute("blockdev-change-medium", { id, filename: medium.path, format: medium.format, force: true });
  }

  /** Limits of a drive whose backend is a `-drive`. */
  async limitDrive(id: string, limits: Readonly<Record<string, number>>): Promise<void> {
    await this.#execute("block_set_io_throttle", { id, ...limits });
  }

  /** Type and version of the machine that runs, e.g. `pc-i440fx-7.2`. */
  async machineType(): Promise<string> {
    const type = await this.#execute("qom-get", { path: "/machine", property: "type" });
    return String(type).replace(/-machine$/, "");
  }

  async #lists(path: string, name: string): Promise<boolean> {
    const entries = await this.#execute("qom-list", { path });
    return Array.isArray(entries) && entries.some((entry) => isRecord(entry) && entry.name === name);
  }

  #execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return withQmp(this.#options, (qmp) => qmp.execute(command, args));
  }

  /** The human monitor says nothing when all is well. */
  async #human(command: string, accept = /^$/): Promise<void> {
    const answer = (await withQmp(this.#options, (qmp) => qmp.human(command))).trim();
    if (!accept.test(answer)) throw new VmRefusedError(answer.replace(/^Error: /, ""));
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
