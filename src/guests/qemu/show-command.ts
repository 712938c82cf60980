/** The command line that a start would use, as shell text. */
import { buildCommand, showCommand } from "./builder/index.ts";
import { VmRefusedError } from "./config-error.ts";
import type { VmConfigs } from "./config-store.ts";
import type { WorldGatherer } from "./gather-world.ts";
import { withPending } from "./views.ts";

export interface ShowOptions {
  /** One option a line. */
  readonly isPretty?: boolean;
  /** Without pending changes. */
  readonly isCurrent?: boolean;
  readonly snapshot?: string;
}

export interface CommandPreviewDeps {
  readonly configs: VmConfigs;
  readonly worlds: WorldGatherer;
}

export class CommandPreview {
  readonly #deps: CommandPreviewDeps;

  constructor(deps: CommandPreviewDeps) {
    this.#deps = deps;
  }

  async show(vmid: number, options: ShowOptions = {}): Promise<string> {
    const file = await this.#deps.configs.load(vmid);
    const { snapshot } = options;
    const section = snapshot === undefined ? undefined : file.snapshots[snapshot];
    if (snapshot !== undefined && section === undefined)
      throw new VmRefusedError(`snapshot '${snapshot}' does not exist`);
    const config = section ?? (options.isCurrent === true ? file.current : withPending(file));
    const { argv } = buildCommand(config, await this.#deps.worlds.gather(config), { vmid });
    return showCommand(argv, options.isPretty);
  }
}
