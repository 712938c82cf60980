/** Writes the cloud-init drive of a VM: collects snippets, makes an ISO file system, copies it into the volume. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCommand } from "../../../os/run-command.ts";
import type { Storages } from "../../../storage/port.ts";
import type { VmConfig } from "../config.ts";
import { VmRefusedError } from "../config-error.ts";
import type { DiskTools } from "../disk-tools.ts";
import { type Drive, drivesOf, isCloudinitDrive } from "../drives.ts";
import { type CloudinitParts, cloudinitImage, cloudinitParts } from "./files.ts";
import { cloudinitSettings, type HostDns } from "./settings.ts";

export interface CloudinitDrivesDeps {
  readonly storages: Storages;
  readonly tools: DiskTools;
  /** Where images are put together; made when missing, readable by the caller only. */
  readonly workDir: string;
  /** Path of the node's resolv.conf. */
  readonly resolvConf: string;
}

const MAX_PARTS_BYTES = 3 << 20;
const MAX_SNIPPET_BYTES = 1 << 20;
const ISO_TIMEOUT_MS = 60_000;

export function cloudinitDriveOf(config: VmConfig): Drive | undefined {
  return drivesOf(config).find(isCloudinitDrive);
}

export class CloudinitDrives {
  readonly #deps: CloudinitDrivesDeps;

  constructor(deps: CloudinitDrivesDeps) {
    this.#deps = deps;
  }

  /** The generated texts, snippets in their places. */
  async parts(vmid: number, config: VmConfig): Promise<CloudinitParts> {
    const settings = cloudinitSettings(vmid, config, await this.#hostDns());
    const snippets: Record<string, string> = {};
    for (const [kind, volid] of Object.entries(settings.snippets)) snippets[kind] = await this.#readSnippet(volid);
    const parts = cloudinitParts(settings, snippets);
    const bytes = Object.values(parts).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    if (bytes > MAX_PARTS_BYTES) throw new VmRefusedError("Cloud-Init sum of snippets too big (> 3 MiB)");
    return parts;
  }

  /** Makes the drive anew from `config`. @returns false when the VM has none. */
  async write(vmid: number, config: VmConfig): Promise<boolean> {
    const drive = cloudinitDriveOf(config);
    if (drive === undefined) return false;
    const { storages, tools, workDir } = this.#deps;
    const settings = cloudinitSettings(vmid, config, await this.#hostDns());
    const { label, files } = cloudinitImage(settings, await this.parts(vmid, config));
    await mkdir(workDir, { recursive: true, mode: 0o700 });
    const dir = await mkdtemp(join(workDir, `cloudinit-${vmid}-`));
    try {
      const root = join(dir, "files");
      for (const [path, text] of files) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), text, { mode: 0o600 });
      }
      const iso = join(dir, "image.iso");
      const argv = ["genisoimage", "-quiet", "-iso-level", "3", "-J", "-R", "-V", label, "-o", iso, root];
      await runCommand(argv, { timeoutMs: ISO_TIMEOUT_MS });
      await storages.activate([drive.file]);
      const { format } = await storages.info(drive.file);
      await tools.copy({
        source: iso,
        sourceFormat: "raw",
        target: await storages.pathOf(drive.file),
        targetFormat: format,
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
    return true;
  }

  async #readSnippet(volid: string): Promise<string> {
    const { storages } = this.#deps;
    const volume = await storages.parse(volid);
    if (volume.vtype !== "snippets") throw new VmRefusedError(`${volid} is not in the snippets directory`);
    const data = await readFile(await storages.pathOf(volid));
    if (data.length > MAX_SNIPPET_BYTES) throw new VmRefusedError(`${volid} is too big for a snippet (> 1 MiB)`);
    return data.toString("utf8");
  }

  async #hostDns(): Promise<HostDns> {
    const text = await readFile(this.#deps.resolvConf, "utf8").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
      throw error;
    });
    return parseResolvConf(text);
  }
}

/** resolv.conf(5): the last of `search` and `domain` counts. */
export function parseResolvConf(text: string): HostDns {
  const nameservers: string[] = [];
  let searchDomains: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && values[0] !== undefined) nameservers.push(values[0]);
    if (keyword === "search" || keyword === "domain") searchDomains = values;
  }
  return { nameservers, searchDomains };
}
