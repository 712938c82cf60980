/** Executes requests on a replica. The permission of the connection is checked by its owner, private paths here. */
import assert from "node:assert/strict";
import { timingSafeEqual } from "node:crypto";
import type { DirEntry } from "./port.ts";
import type { BatchResult, Refusal, Replica } from "./replica.ts";
import type { CfsHealth, CfsReply, CfsRequest } from "./requests.ts";
import { isDirectory, MAX_PATH_LENGTH } from "./tree/entry.ts";
import { ERRNO_TEXT } from "./tree/errno.ts";
import { guestProperties } from "./tree/guest-properties.ts";
import type { Operation } from "./tree/operation.ts";
import {
  canonicalPath,
  isPrivatePath,
  isVirtualFileName,
  LINK_NAMES,
  parentPath,
  parseGuestPath,
  VIRTUAL_FILE_NAMES,
} from "./tree/paths.ts";
import { textOf } from "./tree/status.ts";

export interface RequestOptions {
  /** Private files are refused. */
  readonly isReadOnly: boolean;
}

export type Respond = (reply: CfsReply, body?: Uint8Array) => void;

type Question = Exclude<CfsRequest, { op: "read" | "write" | "remove" | "rename" | "mkdir" | "utime" }>;

const TOKEN_FILE = "priv/token.cfg";
const NO_BODY = new Uint8Array(0);

export class RequestHandler {
  readonly #replica: Replica;
  readonly #health: () => Omit<CfsHealth, keyof ReturnType<Replica["health"]> | "nodeName" | "startTime">;

  /** @param health what only the owner of mount and store knows. */
  constructor(
    replica: Replica,
    health: () => Omit<CfsHealth, keyof ReturnType<Replica["health"]> | "nodeName" | "startTime">,
  ) {
    this.#replica = replica;
    this.#health = health;
  }

  /** @param respond called once: at once for questions, after the commit for changes. */
  handle(request: CfsRequest, body: Uint8Array | undefined, options: RequestOptions, respond: Respond): void {
    switch (request.op) {
      case "write":
        this.#write(request, body ?? NO_BODY, respond);
        break;
      case "remove": {
        const path = this.#canonical(request.path);
        this.#submit([{ kind: "delete", path }], { verb: "remove", path }, respond);
        break;
      }
      case "rename": {
        const path = this.#canonical(request.path);
        const to = this.#canonical(request.to);
        this.#submit([{ kind: "rename", path, to }], { verb: "rename", path, to }, respond);
        break;
      }
      case "mkdir":
        this.#mkdir(request, respond);
        break;
      case "utime": {
        const path = this.#canonical(request.path);
        this.#replica.setMtime(path, request.mtime, {}, (result) =>
          respond(this.#replyOf(result, { verb: "touch", path })),
        );
        break;
      }
      case "read": {
        const { reply, body: content } = this.#read(request.path, options);
        respond(reply, content);
        break;
      }
      default:
        respond(this.#question(request, body, options));
    }
  }

  #question(request: Question, body: Uint8Array | undefined, options: RequestOptions): CfsReply {
    switch (request.op) {
      case "list":
        return this.#list(request.path, options);
      case "guests":
        return { guests: [...this.#replica.seen.guests.entries.values()] };
      case "info":
        return { info: this.#replica.info() };
      case "guestProperties":
        return this.#guestProperties(request);
      case "publish": {
        const refused = this.#replica.publish(request.key, Buffer.from(body ?? NO_BODY));
        return refused === undefined ? {} : refusal(refused, `cannot publish ${request.key}`);
      }
      case "status": {
        const value = this.#replica.status.get(request.node ?? this.#replica.nodeName, request.key);
        return value === undefined ? {} : { value: textOf(value) };
      }
      case "statusOfAll":
        return { values: this.#statusOfAll(request.key) };
      case "rrd":
        return { values: [...this.#replica.rrd()] };
      case "log":
        this.#replica.appendLog(request, request.pid);
        return {};
      case "readLog":
        return this.#readLog(request);
      case "verifyToken":
        return { isValid: this.#isToken(`${request.tokenid} ${request.secret}`) };
      case "health":
        return { health: this.#healthReport() };
      default:
        request satisfies never;
        return unsupported(request);
    }
  }

  #canonical(path: string): string {
    return canonicalPath(path, this.#replica.nodeName);
  }

  #read(asked: string, { isReadOnly }: RequestOptions): { reply: CfsReply; body?: Uint8Array } {
    const path = this.#canonical(asked);
    if (isReadOnly && isPrivatePath(path)) return { reply: refusal("EACCES", `cannot read ${path}`) };
    if (isVirtualFileName(path)) {
      return { reply: { file: { mtime: 0, version: "0" } }, body: this.#replica.virtualFile(path) };
    }
    const entry = this.#replica.seen.lookup(path);
    if (entry?.data === undefined) return { reply: {} };
    return { reply: { file: { mtime: entry.mtime, version: String(entry.version) } }, body: entry.data };
  }

  #write({ path: asked, ifDigest }: Extract<CfsRequest, { op: "write" }>, body: Uint8Array, respond: Respond): void {
    const path = this.#canonical(asked);
    const operations: Operation[] = [];
    if (this.#replica.head.lookup(path) === undefined) operations.push({ kind: "create", path });
    operations.push({ kind: "write", path, offset: 0, data: body, truncate: true });
    const batch = ifDigest === undefined ? { operations } : { operations, expect: { path, digest: ifDigest } };
    this.#replica.submit(batch, (result) => respond(this.#replyOf(result, { verb: "write", path })));
  }

  #mkdir({ path: asked, exclusive }: Extract<CfsRequest, { op: "mkdir" }>, respond: Respond): void {
    const path = this.#canonical(asked);
    if (path.length > MAX_PATH_LENGTH) {
      respond(refusal("ENAMETOOLONG", "cannot make directory"));
      return;
    }
    const operations = exclusive === true ? [{ kind: "mkdir", path } as const] : this.#missingDirectories(path);
    if (operations === undefined) respond(refusal("ENOTDIR", `cannot make directory ${path}`));
    else if (operations.length === 0) respond({});
    else this.#submit(operations, { verb: "make directory", path }, respond);
  }

  /** @returns what makes the path's missing directories, outermost first; undefined when a file is in the way. */
  #missingDirectories(path: string): Operation[] | undefined {
    const operations: Operation[] = [];
    for (let at = path; at !== ""; at = parentPath(at)) {
      const entry = this.#replica.head.lookup(at);
      if (entry !== undefined) return isDirectory(entry) ? operations : undefined;
      operations.unshift({ kind: "mkdir", path: at });
    }
    return operations;
  }

  #submit(operations: readonly Operation[], what: What, respond: Respond): void {
    this.#replica.submit({ operations }, (result) => respond(this.#replyOf(result, what)));
  }

  #replyOf({ refused }: BatchResult, { verb, path, to }: What): CfsReply {
    if (refused === undefined) return {};
    if (refused === "changed")
      return { error: { code: "file-changed", message: `cannot ${verb} ${path}: it changed` } };
    const guest = parseGuestPath(to ?? path);
    const known = guest === undefined ? undefined : this.#replica.head.guests.entries.get(guest.vmid);
    if (refused === "EEXIST" && known !== undefined) {
      const kind = known.type === "qemu" ? "VM" : "CT";
      const message = `${kind} ${known.vmid} already exists on node '${known.node}'`;
      return { error: { code: "cfs-refused", errno: refused, message } };
    }
    return refusal(refused, to === undefined ? `cannot ${verb} ${path}` : `cannot ${verb} ${path} to ${to}`);
  }

  #list(asked: string, { isReadOnly }: RequestOptions): CfsReply {
    const path = this.#canonical(asked);
    if (isReadOnly && isPrivatePath(path)) return refusal("EACCES", `cannot list ${path}`);
    const directory = this.#replica.seen.lookup(path);
    if (directory === undefined || !isDirectory(directory)) return {};
    const entries: DirEntry[] = [];
    if (path === "") {
      for (const name of LINK_NAMES) entries.push({ name, type: "link" });
      for (const name of VIRTUAL_FILE_NAMES) entries.push({ name, type: "file" });
    }
    for (const entry of this.#replica.seen.children(directory.inode).values()) {
      entries.push({ name: entry.name, type: isDirectory(entry) ? "directory" : "file" });
    }
    return { entries };
  }

  #guestProperties({ names, vmid }: Extract<CfsRequest, { op: "guestProperties" }>): CfsReply {
    const tree = this.#replica.seen;
    if (vmid === undefined) return { properties: [...guestProperties(tree, names)] };
    const guest = tree.guests.entries.get(vmid);
    if (guest === undefined) return refusal("ENOENT", `cannot read properties of guest ${vmid}`);
    return { properties: [...guestProperties(tree, names, [guest])] };
  }

  #statusOfAll(key: string): [string, string][] {
    const values: [string, string][] = [];
    for (const [node, keys] of this.#replica.status.nodes()) {
      const value = keys.get(key)?.value;
      if (value !== undefined) values.push([node, textOf(value)]);
    }
    return values;
  }

  #readLog({ max, user }: Extract<CfsRequest, { op: "readLog" }>): CfsReply {
    const wanted = { ...(max === undefined || max <= 0 ? {} : { max }), ...(user === undefined ? {} : { user }) };
    const log = this.#replica.clusterLog.newest(wanted).map((entry) => ({
      uid: entry.uid,
      time: entry.time,
      pri: entry.priority,
      tag: entry.tag,
      pid: entry.pid,
      node: entry.node,
      user: entry.ident,
      msg: messageFromLogText(entry.message),
    }));
    return { log };
  }

  /** Compares every line in constant time: how long it takes must not tell how much of a secret is right. */
  #isToken(line: string): boolean {
    if (line.includes("\n")) return false;
    const data = this.#replica.seen.lookup(TOKEN_FILE)?.data;
    if (data === undefined) return false;
    const wanted = Buffer.from(line, "utf8");
    let isFound = false;
    for (const known of data.toString("utf8").split("\n")) {
      const candidate = Buffer.from(known, "utf8");
      if (candidate.length === wanted.length && timingSafeEqual(candidate, wanted)) isFound = true;
    }
    return isFound;
  }

  #healthReport(): CfsHealth {
    const { nodeName, startTime } = this.#replica;
    return { nodeName, startTime, ...this.#replica.health(), ...this.#health() };
  }
}

interface What {
  readonly verb: string;
  readonly path: string;
  readonly to?: string;
}

function refusal(errno: Exclude<Refusal, "changed">, what: string): CfsReply {
  return { error: { code: "cfs-refused", errno, message: `${what}: ${ERRNO_TEXT[errno]}` } };
}

function unsupported(request: { readonly op: string }): CfsReply {
  return { error: { code: "unsupported", message: `cannot ${request.op}: this pmxcfs does not know how` } };
}

/** The text that stands in the log's JSON, read as JSON. */
function messageFromLogText(text: string): string {
  const value: unknown = JSON.parse(`"${text}"`);
  assert.ok(typeof value === "string");
  return value;
}
