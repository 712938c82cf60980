/** Results and errors as the bytes of each output format. Pure. */

export type FormatName = "json" | "extjs" | "htmljs" | "spiceconfig";

const JSON_TYPE = "application/json;charset=UTF-8";

const CONTENT_TYPES: Readonly<Record<FormatName, string>> = {
  json: JSON_TYPE,
  extjs: JSON_TYPE,
  htmljs: "text/html;charset=UTF-8",
  spiceconfig: "application/x-virt-viewer;charset=UTF-8",
};

export function isFormatName(name: string): name is FormatName {
  return Object.hasOwn(CONTENT_TYPES, name);
}

export function contentTypeOf(format: FormatName): string {
  return CONTENT_TYPES[format];
}

/** What goes beside the data of a success. */
export interface Extras {
  total?: number;
  changes?: string;
}

export interface Failure {
  readonly status: number;
  readonly message: string;
  readonly errors?: Readonly<Record<string, string>> | undefined;
}

/** JSON texts of frozen results: the same object means the same text, a change makes a new object. */
const texts = new WeakMap<object, string>();

/** The JSON text of a result. Frozen (and so unchangeable) results are printed once. */
export function jsonOf(data: unknown): string {
  if (data === undefined || data === null) return "null";
  if (typeof data !== "object" || !Object.isFrozen(data)) return JSON.stringify(data) ?? "null";
  const known = texts.get(data);
  if (known !== undefined) return known;
  const text = JSON.stringify(data);
  texts.set(data, text);
  return text;
}

export function printSuccess(format: FormatName, data: unknown, extras: Extras): string {
  if (format === "spiceconfig") return printSpiceConfig(data);
  const head = format === "json" ? "{" : '{"success":1,';
  const body = `${head}"data":${jsonOf(data)}${printExtras(extras)}}`;
  return format === "htmljs" ? escapeHtml(body) : body;
}

function printExtras({ total, changes }: Extras): string {
  const totalText = total !== undefined && total > 0 ? `,"total":${total}` : "";
  return changes === undefined ? totalText : `${totalText},"changes":${JSON.stringify(changes)}`;
}

/** The message keeps the newline that it has on the wire; the reason phrase is its first line. */
export function printFailure(format: FormatName, { status, message, errors }: Failure): string {
  if (format === "extjs" || format === "htmljs") {
    const body = JSON.stringify({ success: 0, data: null, message, status, ...(errors && { errors }) });
    return format === "htmljs" ? escapeHtml(body) : body;
  }
  return JSON.stringify({ data: null, message, ...(errors && { errors }) });
}

/** extjs clients look into the body: for them every answer is 200. */
export function wireStatus(format: FormatName, status: number): number {
  return format === "extjs" || format === "htmljs" ? 200 : status;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[char] ?? "&quot;");
}

/** A remote-viewer(1) settings file. */
function printSpiceConfig(data: unknown): string {
  const lines = Object.entries(typeof data === "object" && data !== null ? data : {}).map(
    ([key, value]) => `${key}=${String(value)}`,
  );
  return `[virt-viewer]\n${lines.join("\n")}\n`;
}
