/** `pvesh`: every method of the API as a command. */
import { messageOf } from "../errors/quorate-error.ts";
import { ApiError } from "../rest/errors.ts";
import { childNames } from "../rest/index-pages.ts";
import type { Method, Verb } from "../rest/method.ts";
import { parseArguments, UsageError } from "./arguments.ts";
import { followTask, isSuccess, isUpid } from "./follow-task.ts";
import { type LocalApi, NoHandlerError } from "./local-api.ts";
import { OUTPUT_FORMATS, type OutputFormat, type OutputOptions, printResult } from "./output.ts";
import type { ToolIo } from "./terminal-io.ts";
import { optionDetails, optionSummary } from "./usage-text.ts";

const VERBS: Readonly<Record<string, Verb>> = { get: "GET", create: "POST", set: "PUT", delete: "DELETE" };

const USAGE = `USAGE: pvesh <COMMAND> [ARGS] [OPTIONS]
       pvesh create <path> [--<parameter> <value> …]
       pvesh delete <path> [--<parameter> <value> …]
       pvesh get <path> [--<parameter> <value> …]
       pvesh ls <path>
       pvesh set <path> [--<parameter> <value> …]
       pvesh usage <path> [--command <get|set|create|delete>] [--verbose] [--returns]

OPTIONS: --output-format <text|json|json-pretty|yaml>  --human-readable  --noborder  --noheader  --quiet
`;

/** @returns the exit code. */
export async function runPvesh(argv: readonly string[], api: LocalApi, io: ToolIo): Promise<number> {
  // Leading switches of older versions: nothing is forwarded anyway, and `--nooutput` is `--quiet`.
  const leading = argv.findIndex((word) => word !== "--noproxy" && word !== "--nooutput");
  const isMuted = argv.slice(0, Math.max(leading, 0)).includes("--nooutput");
  const [command = "help", ...rest] = leading < 0 ? [] : argv.slice(leading);
  try {
    switch (command) {
      case "get":
      case "set":
      case "create":
      case "delete":
        return await runMethod(command, rest, api, io, isMuted);
      case "ls":
        return await list(rest, api, io);
      case "usage":
        return usage(rest, api, io);
      case "help":
        io.out(USAGE);
        return 0;
      default:
        throw new UsageError(`unknown command '${command}'`);
    }
  } catch (error) {
    return fail(error, command, rest, api, io);
  }
}

async function runMethod(
  command: string,
  argv: readonly string[],
  api: LocalApi,
  io: ToolIo,
  isMuted: boolean,
): Promise<number> {
  const verb = VERBS[command] ?? "GET";
  const path = pathOf(argv);
  const { method } = api.find(verb, path).route;
  const { words, options } = parseArguments(
    argv.slice(1),
    (name) => isFlag(method, name),
    (name) => method.parameters[name]?.type === "string",
  );
  if (words.length > 0) throw new UsageError("too many arguments");
  const { output, isQuiet, params } = takeOutputOptions(options, method);
  const { data } = await api.call(verb, path, params);
  const isSilent = isQuiet || isMuted;
  if (isUpid(data) && method.method !== "GET") {
    const status = await followTask(api, data, { write: isSilent ? () => {} : io.out, sleep: io.sleep });
    if (!isSuccess(status)) throw new Error(status);
  }
  if (!isSilent) io.out(printResult(data, output));
  return 0;
}

const OWN_FLAGS = new Set(["human-readable", "noborder", "noheader", "quiet", "verbose", "returns"]);

function isFlag(method: Method, name: string): boolean {
  return method.parameters[name]?.type === "boolean" || (OWN_FLAGS.has(name) && method.parameters[name] === undefined);
}

function pathOf(argv: readonly string[]): string {
  const path = argv[0];
  if (path === undefined || path.startsWith("-")) throw new UsageError("not enough arguments");
  return path.startsWith("/") ? path : `/${path}`;
}

/** Takes the options of the output; those that the method has as parameters stay its own. */
export function takeOutputOptions(
  options: Readonly<Record<string, string | string[]>>,
  method: Method,
): { output: OutputOptions; isQuiet: boolean; params: Record<string, string | string[]> } {
  const params = { ...options };
  const take = (name: string): string | undefined => {
    if (method.parameters[name] !== undefined || params[name] === undefined) return undefined;
    const value = params[name];
    delete params[name];
    return String(value);
  };
  const format = take("output-format") ?? "text";
  if (!isOutputFormat(format)) throw new UsageError(`--output-format must be one of ${OUTPUT_FORMATS.join(", ")}`);
  const isForHumans = take("human-readable") === "1";
  const hasBorder = take("noborder") !== "1";
  const hasHeader = take("noheader") !== "1";
  return { output: { format, hasBorder, hasHeader, isForHumans }, isQuiet: take("quiet") === "1", params };
}

function isOutputFormat(text: string): text is OutputFormat {
  return OUTPUT_FORMATS.some((format) => format === text);
}

/** `Dr--c qemu`: directory, get, set, create, delete. Where children are things, they are asked for. */
async function list(argv: readonly string[], api: LocalApi, io: ToolIo): Promise<number> {
  const path = argv.length === 0 ? "/" : pathOf(argv).replace(/\/+$/, "") || "/";
  const template = templateOf(path, api);
  if (template === undefined) throw new NoHandlerError("ls", path);
  const prefix = template === "/" ? "/" : `${template}/`;
  const names = childNames(template, api.registry.methods);
  for (const name of names) io.out(`${capabilities(`${prefix}${name}`, api)} ${name}\n`);
  const variable = api.registry.methods
    .map(({ path: declared }) =>
      declared.startsWith(`${prefix}{`) ? declared.slice(prefix.length).split("/")[0] : undefined,
    )
    .find((part) => part !== undefined);
  const index = api.registry.find("GET", path)?.route.method;
  const key = /^\{([^}]+)\}$/.exec(index?.returns.links?.[0]?.href ?? "")?.[1];
  if (variable === undefined || key === undefined) return 0;
  const { data } = await api.call("GET", path);
  for (const row of Array.isArray(data) ? data : []) {
    const name: unknown = row[key];
    if (name !== undefined && !names.includes(String(name))) {
      io.out(`${capabilities(`${prefix}${variable}`, api)} ${String(name)}\n`);
    }
  }
  return 0;
}

/** The declared path that a given one matches, wherever a method exists at or below it. */
function templateOf(path: string, api: LocalApi): string | undefined {
  if (path === "/") return "/";
  const parts = path.split("/").filter((part) => part !== "");
  for (const { path: declared } of api.registry.methods) {
    const template = declared
      .split("/")
      .filter((part) => part !== "")
      .slice(0, parts.length);
    const fits =
      template.length === parts.length && template.every((part, i) => part === parts[i] || part.startsWith("{"));
    if (fits) return `/${template.join("/")}`;
  }
  return undefined;
}

function capabilities(template: string, api: LocalApi): string {
  const verbs = new Set(api.registry.methods.filter(({ path }) => path === template).map(({ method }) => method));
  const hasChildren = api.registry.methods.some(({ path }) => path.startsWith(`${template}/`));
  const mark = (isThere: boolean, letter: string): string => (isThere ? letter : "-");
  return `${mark(hasChildren, "D")}${mark(verbs.has("GET"), "r")}${mark(verbs.has("PUT"), "w")}${mark(verbs.has("POST"), "c")}${mark(verbs.has("DELETE"), "d")}`;
}

function usage(argv: readonly string[], api: LocalApi, io: ToolIo): number {
  const path = pathOf(argv);
  const { options } = parseArguments(argv.slice(1), (name) => OWN_FLAGS.has(name));
  const wanted = options.command === undefined ? Object.keys(VERBS) : [String(options.command)];
  let found = 0;
  for (const command of wanted) {
    const match = VERBS[command] === undefined ? undefined : api.registry.find(VERBS[command], path);
    if (match === undefined) continue;
    found += 1;
    const { method } = match.route;
    const hidden = new Set(match.route.pathNames);
    io.out(`USAGE: pvesh ${command} ${path} ${optionSummary(method, hidden)}\n\n  ${method.description}\n`);
    if (options.verbose === "1") io.out(`\n${optionDetails(method, hidden)}\n`);
    if (options.returns === "1") io.out(`\nRETURNS: ${JSON.stringify(method.returns, null, 2)}\n`);
    io.out("\n");
  }
  if (found === 0) throw new NoHandlerError(wanted.length === 1 ? (wanted[0] ?? "") : "usage", path);
  return 0;
}

function fail(error: unknown, command: string, argv: readonly string[], api: LocalApi, io: ToolIo): number {
  if (error instanceof UsageError) {
    io.err(`ERROR: ${error.message}\n${USAGE}`);
    return 255;
  }
  const message = messageOf(error);
  io.err(`${message}\n`);
  if (!(error instanceof ApiError) || error.errors === undefined) return 1;
  for (const [name, text] of Object.entries(error.errors)) io.err(`${name}: ${text.trimEnd()}\n`);
  const path = pathOf(argv);
  const match = VERBS[command] && api.registry.find(VERBS[command], path);
  if (match) {
    io.err(`pvesh ${command} ${path} ${optionSummary(match.route.method, new Set(match.route.pathNames))}\n`);
  }
  return 255;
}
