/** The edge where a client's request becomes a typed one: nothing unchecked gets to the thread that owns the tree. */
import type { CfsRequest } from "../requests.ts";

type FieldType = "string" | "number" | "boolean" | "strings" | "digest";

interface Shape {
  readonly required?: Readonly<Record<string, FieldType>>;
  readonly optional?: Readonly<Record<string, FieldType>>;
}

const SHAPES: Readonly<Record<CfsRequest["op"], Shape>> = {
  read: { required: { path: "string" } },
  write: { required: { path: "string" }, optional: { ifDigest: "digest" } },
  remove: { required: { path: "string" } },
  rename: { required: { path: "string", to: "string" } },
  mkdir: { required: { path: "string" }, optional: { exclusive: "boolean" } },
  utime: { required: { path: "string", mtime: "number" } },
  list: { required: { path: "string" } },
  guests: {},
  info: {},
  guestProperties: { required: { names: "strings" }, optional: { vmid: "number" } },
  publish: { required: { key: "string" } },
  status: { required: { key: "string" }, optional: { node: "string" } },
  statusOfAll: { required: { key: "string" } },
  rrd: {},
  log: { required: { priority: "number", ident: "string", tag: "string", message: "string", pid: "number" } },
  readLog: { optional: { max: "number", user: "string" } },
  verifyToken: { required: { tokenid: "string", secret: "string" } },
  health: {},
};

function isOperation(op: unknown): op is CfsRequest["op"] {
  return typeof op === "string" && Object.hasOwn(SHAPES, op);
}

const MAX_U32 = 0xffffffff;

function isOfType(value: unknown, type: FieldType): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MAX_U32;
    case "strings":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "digest":
      return value === null || typeof value === "string";
    default:
      return type satisfies never;
  }
}

/** @returns the request with the fields that are known, or what is wrong with it. */
export function checkRequest(value: unknown): CfsRequest | { readonly problem: string; readonly code: string } {
  if (typeof value !== "object" || value === null || !("op" in value)) {
    return { code: "malformed", problem: "a request names no operation" };
  }
  const { op } = value;
  if (!isOperation(op)) return { code: "unsupported", problem: `this pmxcfs does not know how to ${String(op)}` };
  const { required = {}, optional = {} } = SHAPES[op];
  const fields = new Map(Object.entries(value));
  const checked: Record<string, unknown> = { op };
  for (const [name, type] of Object.entries(required)) {
    if (!isOfType(fields.get(name), type)) return { code: "malformed", problem: `${op}: ${name} is missing or wrong` };
    checked[name] = fields.get(name);
  }
  for (const [name, type] of Object.entries(optional)) {
    const field = fields.get(name);
    if (field === undefined) continue;
    if (!isOfType(field, type)) return { code: "malformed", problem: `${op}: ${name} is wrong` };
    checked[name] = field;
  }
  // Every field of the operation's type was checked just now.
  return checked as CfsRequest;
}
