/** What is done to disk images by programs: measuring a foreign image, copying one image's content into another. */
import { runCommand } from "../../os/run-command.ts";

export interface MeasuredImage {
  readonly format: string;
  /** Virtual size. */
  readonly sizeBytes: number;
  /** Whether it refers to no other file: no backing image, no external data. */
  readonly isStandalone: boolean;
}

export interface DiskTools {
  /** @param format as known from elsewhere; without one it is guessed from the content, which a guest may have written. */
  measure(path: string, format?: string): Promise<MeasuredImage>;
  /** Copies the content of one image into an existing one at least as large. */
  copy(request: {
    readonly source: string;
    readonly sourceFormat: string;
    readonly target: string;
    readonly targetFormat: string;
    readonly signal?: AbortSignal;
  }): Promise<void>;
}

const MEASURE_TIMEOUT_MS = 30_000;
/** A copy may be of terabytes; a stuck one ends with its task. */
const COPY_TIMEOUT_MS = 24 * 3600 * 1000;

/** By qemu-img. */
export const qemuImg: DiskTools = {
  async measure(path, format) {
    const known = format === undefined ? [] : ["-f", format];
    const argv = ["qemu-img", "info", "--output=json", ...known, path];
    const { stdout } = await runCommand(argv, { timeoutMs: MEASURE_TIMEOUT_MS });
    const info: unknown = JSON.parse(stdout);
    const isInfo = typeof info === "object" && info !== null && "format" in info && "virtual-size" in info;
    if (!isInfo) throw new Error(`qemu-img info '${path}': unexpected answer`);
    const refersElsewhere = "backing-filename" in info || stdout.includes('"data-file"');
    return { format: String(info.format), sizeBytes: Number(info["virtual-size"]), isStandalone: !refersElsewhere };
  },

  async copy({ source, sourceFormat, target, targetFormat, signal }) {
    // Without -n the target would be made anew, with other options than its storage gave it.
    const argv = ["qemu-img", "convert", "-n", "-f", sourceFormat, "-O", targetFormat, source, target];
    await runCommand(argv, { timeoutMs: COPY_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) });
  },
};
