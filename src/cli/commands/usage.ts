/** The command lines of `quorate` itself: options in one place, refusals with the option's name. */
import { readlinkSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Layout, makeLayout } from "../../os/layout.ts";

/** A command line that is wrong. */
export class CommandUsageError extends Error {}

export interface Options {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

type OptionTypes = Readonly<Record<string, { readonly type: "string" | "boolean"; readonly short?: string }>>;

/** @throws CommandUsageError */
export function readOptions(argv: readonly string[], options: OptionTypes, maxPositionals = 0): Options {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: maxPositionals > 0 });
    if (positionals.length > maxPositionals) throw new CommandUsageError(`unexpected argument '${positionals.at(-1)}'`);
    return { values, positionals };
  } catch (error) {
    throw error instanceof CommandUsageError
      ? error
      : new CommandUsageError(error instanceof Error ? error.message : "");
  }
}

/** @throws CommandUsageError naming the option. */
export function readInteger(
  text: string | boolean | undefined,
  name: string,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (typeof text !== "string" || !/^\d+$/.test(text) || value < min || value > max) {
    throw new CommandUsageError(`option '--${name}': '${text}' is not a number from ${min} to ${max}`);
  }
  return value;
}

/** A Unix socket's path has at most 107 bytes (unix(7)); this is what the longest of ours adds to the root. */
const LONGEST_SOCKET_BYTES = "/var/run/qemu-server/999999999.serial0".length;
const MAX_SOCKET_BYTES = 107;

/**
 * The layout that `--root` (or QUORATE_ROOT) asks for: else the machine's own for root, and a directory below the home
 * for others. @throws CommandUsageError
 */
export function layoutFor(root: string | boolean | undefined): Layout {
  const isRootUser = process.getuid?.() === 0;
  const asked = typeof root === "string" ? root : process.env.QUORATE_ROOT;
  // An unset variable in somebody's script: it must not mean the directory that the script happens to be in.
  if (asked === "") throw new CommandUsageError("option '--root' (or QUORATE_ROOT): the directory's name is empty");
  const directory = withoutLinks(asked === undefined ? defaultRoot(isRootUser) : resolve(asked));
  if (directory === "/" && !isRootUser)
    throw new CommandUsageError("option '--root': only root may use the system layout");
  if (directory !== "/" && Buffer.byteLength(directory) + LONGEST_SOCKET_BYTES > MAX_SOCKET_BYTES) {
    throw new CommandUsageError(
      `option '--root': '${directory}' is too long: sockets below it would not fit into ${MAX_SOCKET_BYTES} bytes`,
    );
  }
  return makeLayout({ root: directory, nodeName: nodeName(), isRootUser });
}

/**
 * A node has one root, whichever links lead to it: its processes are known by the paths in their command lines, and
 * some programs (rrdcached) refuse a directory that is reached by a link.
 * @param path absolute; need not exist.
 */
export function withoutLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Missing in part, or not ours to look at: then whoever makes the directories says what is wrong.
    const parent = dirname(path);
    const target = linkTargetOf(path);
    if (target !== undefined) return resolve(withoutLinks(parent), target);
    return parent === path ? path : join(withoutLinks(parent), basename(path));
  }
}

/** @returns undefined when there is no link, also none that may be read. */
function linkTargetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Most paths are no links; that is the question asked.
    return undefined;
  }
}

function defaultRoot(isRootUser: boolean): string {
  if (isRootUser) return "/";
  const data = process.env.XDG_DATA_HOME;
  if (data !== undefined && isAbsolute(data)) return join(data, "quorate");
  const home = process.env.HOME;
  if (home === undefined) throw new CommandUsageError("no HOME: say where the node shall live with --root DIR");
  return join(home, ".local/share/quorate");
}

/** The host name up to its first dot. */
export function nodeName(): string {
  const name = hostname().split(".")[0] ?? "";
  if (!/^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/.test(name)) {
    throw new Error(`the host name '${name}' cannot be a node's name: letters, digits and dashes only`);
  }
  return name;
}

export const ROOT_OPTION = { root: { type: "string" } } as const;
