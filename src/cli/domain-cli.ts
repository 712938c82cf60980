/**
 * The domain tools (`qm`, `pvesm`, `pveum`, `pvenode`): a table maps command words to methods; parameters, checks and
 * help come from the methods. A command whose method is not there does not exist.
 */
import { messageOf } from "../errors/quorate-error.ts";
import { ApiError } from "../rest/errors.ts";
import type { Method, Verb } from "../rest/method.ts";
import { type OptionValues, parseArguments, UsageError } from "./arguments.ts";
import { followTask, isSuccess, isUpid } from "./follow-task.ts";
import type { LocalApi } from "./local-api.ts";
import { DEFAULT_OUTPUT, type OutputOptions, printResult } from "./output.ts";
import { takeOutputOptions } from "./pvesh.ts";
import type { ToolIo } from "./terminal-io.ts";
import { optionDetails, optionSummary } from "./usage-text.ts";

export interface ToolCommand {
  readonly verb: Verb;
  /** Template of the method's path. `{node}` is this node unless given by option. */
  readonly path: string;
  /** Parameters that stand as words, in order. The last one in `…` form takes all words that are left. */
  readonly args?: readonly string[];
  /** Given in every call. */
  readonly fixed?: OptionValues;
  /** Parameters whose value is asked for on the terminal when it is not given. */
  readonly secrets?: readonly string[];
  /** Parameters that follow from the others. */
  readonly derive?: (params: Readonly<Record<string, unknown>>) => OptionValues;
  /** Prints the result of a call; by default as `pvesh` does, or nothing where the result is a task. */
  readonly render?: (data: unknown, options: RenderOptions) => string;
  /** Options that only the renderer knows. */
  readonly renderFlags?: readonly string[];
}

export interface RenderOptions extends OutputOptions {
  /** {@link ToolCommand.renderFlags} that were given. */
  readonly flags: ReadonlySet<string>;
}

/** A command that is more than one call of a method. @returns the exit code. */
export type InteractiveCommand = (words: readonly string[], api: LocalApi, io: ToolIo) => Promise<number>;

export interface ToolTable {
  readonly name: string;
  /** By command words: `start`, `user add`. */
  readonly commands: Readonly<Record<string, ToolCommand>>;
  /** Other spellings: `useradd` → `user add`. */
  readonly aliases?: Readonly<Record<string, string>>;
  readonly interactive?: Readonly<Record<string, InteractiveCommand>>;
}

interface FoundCommand {
  readonly words: string;
  readonly command: ToolCommand;
  readonly method: Method;
}

/** @returns the exit code: 255 for a command line or parameters that are wrong, else what became of the call. */
export async function runTool(table: ToolTable, argv: readonly string[], api: LocalApi, io: ToolIo): Promise<number> {
  if (argv.length === 0 || argv[0] === "help" || argv[0] === "--help") return help(table, argv.slice(1), api, io);
  const interactive = table.interactive?.[argv[0] ?? ""];
  let found: FoundCommand | undefined;
  try {
    if (interactive !== undefined) return await interactive(argv.slice(1), api, io);
    const [command, rest] = findCommand(table, argv, api);
    found = command;
    if (rest.includes("--help")) return help(table, command.words.split(" "), api, io);
    return await runCommand(command, rest, api, io);
  } catch (error) {
    return fail(table, error, found, io);
  }
}

/** The longest run of leading words that is a command. @throws UsageError */
function findCommand(table: ToolTable, argv: readonly string[], api: LocalApi): [FoundCommand, readonly string[]] {
  for (const count of [3, 2, 1]) {
    const given = argv.slice(0, count).join(" ");
    const words = table.aliases?.[given] ?? given;
    const command = argv.length >= count && Object.hasOwn(table.commands, words) ? table.commands[words] : undefined;
    const method = command && methodOf(command, api);
    if (command !== undefined && method !== undefined) return [{ words, command, method }, argv.slice(count)];
  }
  throw new UsageError(`unknown command '${argv[0]}'`);
}

function methodOf({ verb, path }: ToolCommand, api: LocalApi): Method | undefined {
  return api.registry.methods.find((method) => method.method === verb && method.path === path);
}

async function runCommand(
  { command, method }: FoundCommand,
  argv: readonly string[],
  api: LocalApi,
  io: ToolIo,
): Promise<number> {
  const flags = command.renderFlags ?? [];
  const isFlag = (name: string): boolean => method.parameters[name]?.type === "boolean" || flags.includes(name);
  const takesText = (name: string): boolean => method.parameters[name]?.type === "string";
  const { words, options } = parseArguments(argv, isFlag, takesText);
  const { output, isQuiet, params } = takeOutputOptions(options, method);
  const given = new Set(flags.filter((name) => method.parameters[name] === undefined && params[name] !== undefined));
  for (const name of given) delete params[name];
  Object.assign(params, command.fixed, wordParams(command, words));
  for (const name of command.secrets ?? []) {
    // An option that was given without a value is asked for too.
    if (params[name] === undefined || params[name] === "1") params[name] = await askTwice(io, name);
  }
  Object.assign(params, command.derive?.(params));
  const path = fillPath(command.path, params, api.nodeName);
  const { data } = await api.call(command.verb, path, params);
  if (isUpid(data) && command.verb !== "GET") {
    const status = await followTask(api, data, { write: isQuiet ? () => {} : io.out, sleep: io.sleep });
    if (isSuccess(status)) return 0;
    io.err(`${status}\n`);
    return 1;
  }
  if (isQuiet) return 0;
  const isPlain = options["output-format"] === undefined;
  const text =
    command.render !== undefined && isPlain
      ? command.render(data, { ...output, flags: given })
      : printResult(data, isPlain ? { ...DEFAULT_OUTPUT, ...output } : output);
  io.out(text);
  return 0;
}

function wordParams(command: ToolCommand, words: readonly string[]): Record<string, string> {
  const names = command.args ?? [];
  if (words.length < names.length) throw new UsageError("not enough arguments");
  if (words.length > names.length) throw new UsageError("too many arguments");
  return Object.fromEntries(names.map((name, i) => [name, words[i] ?? ""]));
}

async function askTwice(io: ToolIo, name: string): Promise<string> {
  const first = await io.askSecret(`Enter new ${name}: `);
  if ((await io.askSecret(`Retype new ${name}: `)) !== first) throw new Error("passwords do not match");
  return first;
}

/** Path parameters leave the options: the path says them. */
function fillPath(template: string, params: Record<string, unknown>, nodeName: string): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const value = params[name] ?? (name === "node" ? nodeName : undefined);
    if (value === undefined) throw new UsageError(`missing argument '${name}'`);
    delete params[name];
    return String(value);
  });
}

function fail(table: ToolTable, error: unknown, found: FoundCommand | undefined, io: ToolIo): number {
  if (error instanceof UsageError) {
    io.err(`ERROR: ${error.message}\n`);
    io.err(found === undefined ? `\nRun '${table.name} help' for the list of commands.\n` : usageLine(table, found));
    return 255;
  }
  const errors = error instanceof ApiError ? error.errors : undefined;
  io.err(`${errors === undefined ? messageOf(error).trimEnd() : `400 ${messageOf(error)}`}\n`);
  if (errors === undefined) return 1;
  for (const [name, text] of Object.entries(errors)) io.err(`${name}: ${text.trimEnd()}\n`);
  if (found !== undefined) io.err(usageLine(table, found));
  return 255;
}

function hiddenOptions({ command }: FoundCommand): Set<string> {
  const inPath = [...command.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? "");
  return new Set([...inPath, ...(command.args ?? []), ...Object.keys(command.fixed ?? {})]);
}

function usageLine(table: ToolTable, found: FoundCommand): string {
  const words = (found.command.args ?? []).map((name) => `<${name}>`);
  const parts = [table.name, found.words, ...words, optionSummary(found.method, hiddenOptions(found))];
  return `USAGE: ${parts.filter((part) => part !== "").join(" ")}\n`;
}

function help(table: ToolTable, topic: readonly string[], api: LocalApi, io: ToolIo): number {
  if (topic.length > 0) {
    try {
      const [found] = findCommand(table, topic, api);
      io.out(
        `${usageLine(table, found)}\n  ${found.method.description}\n\n${optionDetails(found.method, hiddenOptions(found))}`,
      );
      return 0;
    } catch (error) {
      return fail(table, error, undefined, io);
    }
  }
  io.out(`USAGE: ${table.name} <COMMAND> [ARGS] [OPTIONS]\n\n`);
  for (const [words, command] of Object.entries(table.commands)) {
    const method = methodOf(command, api);
    if (method !== undefined) io.out(`       ${usageLine(table, { words, command, method }).slice("USAGE: ".length)}`);
  }
  for (const words of Object.keys(table.interactive ?? {})) io.out(`       ${table.name} ${words} <vmid>\n`);
  io.out(`\n       ${table.name} help [<COMMAND>]\n`);
  return 0;
}
