/** Command lines of the tools: positional words, and options that are parameters of methods. Pure. */
import { QuorateError } from "../errors/quorate-error.ts";

/** The command line cannot be meant: the tool prints its usage and exits 255. */
export class UsageError extends QuorateError {
  readonly code = "usage";
}

export type OptionValues = Readonly<Record<string, string | string[]>>;

export interface ParsedArguments {
  readonly words: readonly string[];
  readonly options: OptionValues;
}

/**
 * `--name value`, `--name=value` and `-name value`; a repeated option collects its values; an option that is followed by
 * another one or by nothing is a flag that is set. `--` ends the options.
 * @param isFlag whether an option is a flag, which then takes only `0` or `1` as its value.
 * @param takesAnything whether an option is known to need a value, which may then look like an option.
 */
export function parseArguments(
  argv: readonly string[],
  isFlag: (name: string) => boolean = () => false,
  takesAnything: (name: string) => boolean = () => false,
): ParsedArguments {
  /** What is known to be no flag takes the next word whatever it looks like: `--args '-cpu host'`. */
  const takesAsValue = (name: string, next: string): boolean => {
    if (isFlag(name)) return /^[01]$/.test(next);
    return isValue(next) || takesAnything(name);
  };
  const words: string[] = [];
  const options: Record<string, string | string[]> = Object.create(null);
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    if (word === "--") {
      words.push(...argv.slice(at + 1));
      break;
    }
    const [, name, inline] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) {
      words.push(word);
      continue;
    }
    const next = argv[at + 1];
    const takesNext = inline === undefined && next !== undefined && takesAsValue(name, next);
    if (takesNext) at += 1;
    const value = inline ?? (takesNext ? (next ?? "") : "1");
    const before = options[name];
    if (before === undefined) options[name] = value;
    else options[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return { words, options };
}

/** A negative number is a value. */
function isValue(word: string): boolean {
  return !/^--?[A-Za-z]/.test(word);
}
