import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TestRights } from "../../access/port.testing.ts";
import { silentLogger } from "../../log/logger.ts";
import { findProgram } from "../../os/find-program.ts";
import { makeLayout } from "../../os/layout.ts";
import { processStartTicks } from "../../os/process-identity.ts";
import { startTestServer, type TestServer } from "../../rest/rest.testing.ts";
import type { TaskSpec, Tasks } from "../../tasks/port.ts";
import { storageMethods, storageTasks } from "../index.ts";
import { makeStorageRoom, type StorageRoom } from "../storage-room.testing.ts";

const HAS_QEMU_IMG = findProgram("qemu-img") !== undefined;
/** Appended to the names of tests that need it. */
const SKIPPED = "(skipped without the package qemu-utils)";

/** Runs each task at once, in this process, with the real handlers. */
class InlineTasks implements Tasks {
  readonly #room: StorageRoom;
  readonly lines: string[] = [];
  readonly specs: TaskSpec[] = [];
  outcome = "";

  constructor(room: StorageRoom) {
    this.#room = room;
  }

  async start(spec: TaskSpec): Promise<string> {
    this.specs.push(spec);
    const handler = storageTasks({ storages: this.#room.storages })[spec.type];
    if (handler === undefined) throw new Error(`no task '${spec.type}'`);
    const context = {
      upid: "UPID:n1",
      authid: spec.authid,
      log: (line: string) => void this.lines.push(line),
      warn: (line: string) => void this.lines.push(line),
      signal: new AbortController().signal,
    };
    try {
      await handler(spec.args as never, context);
      this.outcome = "OK";
    } catch (error) {
      this.outcome = String(error);
    }
    return "UPID:n1";
  }
}

const RIGHTS: TestRights = {
  "nina@pve": { "/storage/local": ["Datastore.Audit"] },
  "space@pve": {
    "/storage/local": ["Datastore.AllocateSpace", "Datastore.AllocateTemplate"],
    "/vms/100": ["VM.Backup"],
  },
};

let room: StorageRoom;
let tasks: InlineTasks;
let server: TestServer;
let warnings: unknown[];

beforeEach(async () => {
  warnings = [];
  room = makeStorageRoom();
  tasks = new InlineTasks(room);
  await room.configure("dir: local\n\tpath /var/lib/vz\n\tcontent images,iso,backup,import,vztmpl,snippets\n");
  const layout = { ...makeLayout({ root: room.root, nodeName: "n1", isRootUser: false }), uploadDir: room.at("up") };
  mkdirSync(room.at("up"));
  const methods = storageMethods({
    storages: room.storages,
    cfs: room.cfs,
    tasks,
    layout,
    log: { ...silentLogger, warn: (fields) => void warnings.push(fields) },
    waitForTask: async () => tasks.outcome,
  });
  server = await startTestServer({
    methods,
    rights: RIGHTS,
    dispatcher: { role: "daemon" },
    server: { uploadDir: room.at("up") },
  });
});

afterEach(async () => {
  await server.stop();
  room.close();
});

interface Reply {
  readonly status: number;
  readonly body: { data?: unknown; errors?: Record<string, string>; message?: string };
}

async function call(
  method: string,
  path: string,
  params: Record<string, string> = {},
  user = "root@pam",
): Promise<Reply> {
  const query = new URLSearchParams(params).toString();
  const hasBody = method === "POST" || method === "PUT";
  const url = `http://127.0.0.1:${server.port}/api2/json${path}${hasBody || query === "" ? "" : `?${query}`}`;
  const headers: Record<string, string> = { cookie: `PVEAuthCookie=TEST:${user}`, CSRFPreventionToken: "csrf" };
  if (hasBody) headers["content-type"] = "application/x-www-form-urlencoded";
  const response = await fetch(url, { method, headers, ...(hasBody ? { body: query } : {}) });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : { message: response.statusText } };
}

async function upload(fields: Record<string, string>, name: string, data: string, user = "root@pam"): Promise<Reply> {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append("filename", new Blob([data]), name);
  const response = await fetch(`http://127.0.0.1:${server.port}/api2/json/nodes/n1/storage/local/upload`, {
    method: "POST",
    headers: { cookie: `PVEAuthCookie=TEST:${user}` },
    body: form,
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : {} };
}

describe("/storage", () => {
  test("a storage is added, changed and removed, and the file says so in order", async () => {
    const values = { storage: "big", type: "dir", path: `${room.root}/big/`, content: "iso,images", shared: "0" };
    expect(await call("POST", "/storage", values)).toMatchObject({ status: 200, body: { data: { storage: "big" } } });
    const text = () => room.config();
    expect(await text()).toContain(`dir: big\n\tpath ${room.root}/big\n\tcontent iso,images\n\tshared 0\n`);
    expect(readdirSync(room.at("big")).sort()).toEqual(["images", "template"]);
    expect((await call("PUT", "/storage/big", { content: "iso", delete: "shared" })).status).toBe(200);
    expect(await call("GET", "/storage/big")).toMatchObject({ body: { data: { content: "iso", type: "dir" } } });
    expect(await text()).not.toContain("shared");
    expect((await call("DELETE", "/storage/big")).status).toBe(200);
    expect(await text()).not.toContain("big");
    expect(room.locks).toContain("file-storage_cfg");
  });

  test("a storage that another one builds on is not removed", async () => {
    await room.configure(
      "iscsi: san\n\tportal 192.0.2.1\n\ttarget iqn.x\n\nlvm: vg\n\tvgname v0\n\tbase san:0.0.1.lun\n",
    );
    expect((await call("DELETE", "/storage/san")).body.message).toContain("used as base of another storage");
    expect((await call("DELETE", "/storage/vg")).status).toBe(200);
    expect((await call("DELETE", "/storage/san")).status).toBe(200);
  });

  test.each([
    ["twice", { storage: "local", type: "dir", path: "/x" }, 500, /storage ID 'local' already defined/],
    ["a path with blanks", { storage: "bad", type: "dir", path: "/a b" }, 400, /illegal path for directory storage/],
    ["no path", { storage: "bad", type: "dir" }, 400, /missing value for required option 'path'/],
    ["foreign content", { storage: "bad", type: "dir", path: "/x", content: "none,iso" }, 400, /unable to combine/],
    [
      "an option of another type",
      { storage: "bad", type: "dir", path: "/x", vgname: "vg0" },
      400,
      /unexpected property/,
    ],
    [
      "a type that is not built",
      { storage: "bad", type: "nfs", server: "s.lan", export: "/e" },
      501,
      /not implemented/,
    ],
    ["a wrong id", { storage: "-", type: "dir", path: "/x" }, 400, /storage/],
  ])("refuses %s", async (_, values, status, message) => {
    const before = await room.config();
    const reply = await call("POST", "/storage", values);
    expect(reply.status).toBe(status);
    expect(JSON.stringify(reply.body)).toMatch(message);
    expect(await room.config()).toBe(before);
  });

  test("a fixed option stays, an old digest is refused", async () => {
    expect((await call("PUT", "/storage/local", { digest: "0".repeat(40), content: "iso" })).status).toBe(500);
    expect((await call("PUT", "/storage/local", { path: "/other" })).status).toBe(400);
  });

  test("people see the storages that they may see", async () => {
    await room.configure("dir: local\n\tpath /var/lib/vz\n\ndir: other\n\tpath /o\n");
    const names = async (user: string) =>
      ((await call("GET", "/storage", {}, user)).body.data as { storage: string }[]).map(({ storage }) => storage);
    expect(await names("nina@pve")).toEqual(["local"]);
    expect(await names("root@pam")).toEqual(["local", "other"]);
    expect((await call("GET", "/storage/other", {}, "nina@pve")).status).toBe(403);
  });
});

describe("/nodes/{node}/storage", () => {
  test("states of what is there, of what is disabled and of what is not of this node", async () => {
    await room.configure(
      "dir: local\n\tpath /var/lib/vz\n\ndir: off\n\tpath /o\n\tdisable\n\ndir: far\n\tpath /f\n\tnodes n2\n\nlvm: vg\n\tvgname v0\n",
    );
    const { body } = await call("GET", "/nodes/n1/storage", { format: "1" });
    expect(body.data).toMatchObject([
      { storage: "local", active: 1, enabled: 1, formats: { default: "raw" }, used_fraction: expect.any(Number) },
      { storage: "off", active: 0, enabled: 0, total: 0 },
      { storage: "far", active: 0, enabled: 0 },
      { storage: "vg", active: 0, enabled: 1 },
    ]);
    const usable = await call("GET", "/nodes/n1/storage", { enabled: "1", content: "images", target: "n2" });
    expect(usable.body.data).toMatchObject([{ storage: "local" }, { storage: "vg" }]);
    const here = async (params: Record<string, string>) =>
      ((await call("GET", "/nodes/n1/storage", params)).body.data as { storage: string }[]).map(
        ({ storage }) => storage,
      );
    expect(await here({ target: "n2" })).toEqual(["local", "vg"]);
    expect(await here({ target: "n1" })).toEqual(["local", "off", "far", "vg"]);
  });

  test("one storage: its state, or that there is no such storage", async () => {
    expect((await call("GET", "/nodes/n1/storage/local/status")).body.data).toMatchObject({ active: 1, type: "dir" });
    expect((await call("GET", "/nodes/n1/storage/nope/status")).status).toBe(400);
  });
});

describe("content", () => {
  const CONTENT = "/nodes/n1/storage/local/content";

  test.skipIf(!HAS_QEMU_IMG)(`an image is made, described, listed and removed ${SKIPPED}`, async () => {
    const made = await call("POST", CONTENT, { filename: "vm-100-disk-0.qcow2", vmid: "100", size: "8M" });
    const volid = "local:100/vm-100-disk-0.qcow2";
    expect(made.body.data).toBe(volid);
    const info = await call("GET", `${CONTENT}/${volid}`);
    expect(info.body.data).toMatchObject({ format: "qcow2", size: 8 << 20, path: await room.storages.pathOf(volid) });
    const listed = await call("GET", CONTENT, { content: "images", vmid: "100" });
    expect(listed.body.data).toMatchObject([{ volid, format: "qcow2", vmid: 100, size: 8 << 20 }]);
    expect((await call("DELETE", `${CONTENT}/${volid}`)).body.data).toBe("UPID:n1");
    expect(tasks.outcome).toBe("OK");
    expect((await call("GET", CONTENT)).body.data).toEqual([]);
  });

  test("with a delay the removal's end is the answer", async () => {
    const volid = await room.storages.allocate({ storage: "local", vmid: 100, sizeKiB: 1 });
    expect((await call("DELETE", `${CONTENT}/${volid}`, { delay: "5" })).body).toEqual({ data: null });
  });

  test.each([
    [{ filename: "vm-100-disk-0.raw", vmid: "100", size: "1", format: "qcow2" }, 400],
    [{ filename: "../x.raw", vmid: "100", size: "1" }, 500],
    [{ filename: "vm-100-disk-0.raw", vmid: "100", size: "1T" }, 400],
    [{ filename: "vm-100-disk-0.raw", vmid: "1", size: "1" }, 400],
  ])("refuses %o", async (values, status) => {
    expect((await call("POST", CONTENT, values)).status).toBe(status);
    expect((await call("GET", CONTENT)).body.data).toEqual([]);
  });

  test("a reader sees discs and not other people's images, and removes nothing", async () => {
    await room.storages.allocate({ storage: "local", vmid: 100, sizeKiB: 1 });
    writeFileSync(room.at("var/lib/vz/template/iso/a.iso"), "");
    const listed = await call("GET", CONTENT, {}, "nina@pve");
    expect(listed.body.data).toMatchObject([{ volid: "local:iso/a.iso" }]);
    expect((await call("GET", `${CONTENT}/local:100/vm-100-disk-0.raw`, {}, "nina@pve")).status).toBe(403);
    expect((await call("DELETE", `${CONTENT}/iso/a.iso`, {}, "nina@pve")).status).toBe(403);
    expect((await call("DELETE", `${CONTENT}/iso/a.iso`, {}, "space@pve")).status).toBe(403);
    expect(tasks.specs).toEqual([]);
  });

  test("a volume of another storage than the path's is refused", async () => {
    expect((await call("GET", `${CONTENT}/other:iso/a.iso`)).status).toBe(400);
  });

  test("notes and protection of a backup; the limit of protected ones", async () => {
    await room.configure("dir: local\n\tpath /var/lib/vz\n\tcontent backup\n\tmax-protected-backups 1\n");
    await room.storages.activate(["local"]);
    const names = ["00", "01"].map((day) => `backup/vzdump-qemu-100-2024_05_06-07_08_${day}.vma`);
    for (const name of names) writeFileSync(await room.storages.pathOf(`local:${name}`), "");
    const [first = "", second = ""] = names;
    expect((await call("PUT", `${CONTENT}/${first}`, { notes: "größe", protected: "1" })).status).toBe(200);
    expect((await call("GET", `${CONTENT}/${first}`)).body.data).toMatchObject({ notes: "größe", protected: 1 });
    expect((await call("PUT", `${CONTENT}/${second}`, { protected: "1" })).status).toBe(500);
    expect((await call("DELETE", `${CONTENT}/${first}`)).status).toBe(500);
    expect(tasks.specs).toEqual([]);
  });

  test("who may make backups of a guest prunes that guest's, nobody else's", async () => {
    await room.storages.activate(["local"]);
    const prune = async (vmid: Record<string, string>) =>
      (
        await call(
          "DELETE",
          "/nodes/n1/storage/local/prunebackups",
          { "prune-backups": "keep-last=1", ...vmid },
          "space@pve",
        )
      ).status;
    expect(await prune({ vmid: "100" })).toBe(200);
    expect(await prune({ vmid: "101" })).toBe(403);
    expect(await prune({})).toBe(403);
  });

  test("pruning: told first, then done", async () => {
    await room.storages.activate(["local"]);
    for (const day of ["01", "02", "03"]) {
      writeFileSync(await room.storages.pathOf(`local:backup/vzdump-qemu-100-2024_05_${day}-00_00_00.vma`), "");
    }
    const path = "/nodes/n1/storage/local/prunebackups";
    expect((await call("GET", path)).status).toBe(500);
    const plan = await call("GET", path, { "prune-backups": "keep-last=1", vmid: "100" });
    expect((plan.body.data as { mark: string }[]).map(({ mark }) => mark)).toEqual(["remove", "remove", "keep"]);
    expect((await call("DELETE", path, { "prune-backups": "keep-last=1" })).status).toBe(200);
    expect(readdirSync(room.at("var/lib/vz/dump"))).toEqual(["vzdump-qemu-100-2024_05_03-00_00_00.vma"]);
  });
});

test("an upload that brings no file is refused", async () => {
  const reply = await call("POST", "/nodes/n1/storage/local/upload", { content: "iso", filename: "a.iso" });
  expect(reply).toMatchObject({ status: 400, body: { errors: { filename: "no file was sent" } } });
  expect(tasks.specs).toEqual([]);
});

describe("download", () => {
  let remote: Server;
  let address: string;
  const iso = () => room.at("var/lib/vz/template/iso");
  const DISC = Buffer.from("a disc".repeat(1000));

  beforeEach(async () => {
    remote = createServer((request, response) => {
      if (request.url === "/moved") response.writeHead(302, { location: "/disc%20one.iso" }).end();
      else if (request.url === "/disc%20one.iso") {
        response.writeHead(200, { "content-type": "application/x-iso; q=1", "content-length": DISC.length });
        response.end(request.method === "HEAD" ? undefined : DISC);
      } else if (request.url === "/named") {
        response.writeHead(200, { "content-disposition": 'attachment; filename="../x.iso"' }).end(gzipSync(DISC));
      } else if (request.url === "/broken") {
        response.writeHead(200, { "content-length": 100 }).write("half");
        setImmediate(() => response.destroy());
      } else response.writeHead(404).end();
    });
    remote.listen(0, "127.0.0.1");
    await once(remote, "listening");
    const at = remote.address();
    address = typeof at === "object" && at !== null ? `http://127.0.0.1:${at.port}` : "";
  });
  afterEach(() => {
    remote.close();
    remote.closeAllConnections();
  });

  const fetchInto = (path: string, params: Record<string, string> = {}) =>
    call("POST", "/nodes/n1/storage/local/download-url", {
      url: `${address}${path}`,
      content: "iso",
      filename: "d.iso",
      ...params,
    });

  test("what is behind an address", async () => {
    const ask = async (path: string) =>
      (await call("GET", "/nodes/n1/query-url-metadata", { url: `${address}${path}` })).body.data;
    expect(await ask("/moved")).toEqual({ filename: "disc_one.iso", mimetype: "application/x-iso", size: DISC.length });
    expect(await ask("/named")).toMatchObject({ filename: "x.iso" });
    expect((await call("GET", "/nodes/n1/query-url-metadata", { url: `${address}/none` })).status).toBe(500);
  });

  test("a disc is fetched, checked and there", async () => {
    const checksum = createHash("sha1").update(DISC).digest("hex");
    expect((await fetchInto("/moved", { checksum, "checksum-algorithm": "sha1" })).status).toBe(200);
    expect(tasks.outcome).toBe("OK");
    expect(readFileSync(`${iso()}/d.iso`)).toEqual(DISC);
    expect(readdirSync(iso())).toEqual(["d.iso"]);
  });

  test("a compressed disc is unpacked", async () => {
    await fetchInto("/named", { compression: "gz" });
    expect(tasks.outcome).toBe("OK");
    expect(readFileSync(`${iso()}/d.iso`)).toEqual(DISC);
    expect(readdirSync(iso())).toEqual(["d.iso"]);
  });

  test.each([
    ["/none", {}, /404/],
    ["/broken", {}, /download failed/],
    ["/moved", { checksum: "00", "checksum-algorithm": "md5" }, /checksum mismatch/],
    ["/moved", { compression: "gz" }, /not in gzip format/],
  ])("%s with %o fails the task and leaves the old disc alone", async (path, params, message) => {
    await room.storages.activate(["local"]);
    writeFileSync(`${iso()}/d.iso`, "old");
    await fetchInto(path, params as Record<string, string>);
    expect(tasks.outcome).toMatch(message);
    expect(readdirSync(iso())).toEqual(["d.iso"]);
    expect(readFileSync(`${iso()}/d.iso`, "utf8")).toBe("old");
  });

  test("other schemes and names are refused", async () => {
    expect((await fetchInto("", { url: "file:///etc/shadow" })).status).toBe(400);
    expect((await fetchInto("/moved", { filename: "d.exe" })).status).toBe(400);
    expect(tasks.specs).toEqual([]);
  });
});

describe("upload", () => {
  const iso = () => room.at("var/lib/vz/template/iso");

  test("a disc arrives, replaces the old one, and the temporary file is gone", async () => {
    expect((await upload({ content: "iso" }, "my disc.iso", "old")).status).toBe(200);
    const checksum = createHash("sha256").update("new").digest("hex");
    const fields = { content: "iso", "checksum-algorithm": "sha256", checksum };
    expect((await upload(fields, "my disc.iso", "new")).body.data).toBe("UPID:n1");
    expect(tasks.outcome).toBe("OK");
    expect(readdirSync(iso())).toEqual(["my_disc.iso"]);
    expect(readFileSync(`${iso()}/my_disc.iso`, "utf8")).toBe("new");
    expect(readdirSync(room.at("up"))).toEqual([]);
    expect(tasks.lines).toContain("calculating checksum...OK, checksum verified");
  });

  test("a wrong checksum fails the task and leaves nothing", async () => {
    await upload({ content: "iso", "checksum-algorithm": "md5", checksum: "00" }, "a.iso", "data");
    expect(tasks.outcome).toContain("checksum mismatch: got '8d777f385d3dfec8815d20f7496026dc' != expect '00'");
    expect(readdirSync(room.at("up"))).toEqual([]);
    expect((await call("GET", "/nodes/n1/storage/local/content")).body.data).toEqual([]);
  });

  test.each([
    [{ content: "iso" }, "a.exe", 400, "wrong file extension"],
    [{ content: "import" }, "a.iso", 400, "invalid filename or wrong extension"],
    [{ content: "backup" }, "a.iso", 400, "content"],
    [{ content: "iso", checksum: "00" }, "a.iso", 400, "checksum"],
  ])("refuses %o of '%s' before any task", async (fields, name, status, message) => {
    const reply = await upload(fields, name, "data");
    expect(reply.status).toBe(status);
    expect(JSON.stringify(reply.body)).toContain(message);
    expect(tasks.specs).toEqual([]);
    // The server removes it once its answer is on the way.
    await expect.poll(() => readdirSync(room.at("up"))).toEqual([]);
  });

  test.skipIf(!HAS_QEMU_IMG)(`an image that points to another file of the host is refused ${SKIPPED}`, async () => {
    const path = room.at("evil.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-u", "-f", "qcow2", "-b", "/etc/shadow", "-F", "raw", path, "1M"]);
    const form = new FormData();
    form.append("content", "import");
    form.append("filename", new Blob([readFileSync(path)]), "evil.qcow2");
    await fetch(`http://127.0.0.1:${server.port}/api2/json/nodes/n1/storage/local/upload`, {
      method: "POST",
      headers: { cookie: "PVEAuthCookie=TEST:root@pam" },
      body: form,
    });
    expect(tasks.outcome).toContain("image refers to another file");
    expect(readdirSync(room.at("var/lib/vz/import"))).toEqual([]);
  });

  test("what a killed task left is removed by the next one; what others write is not", async () => {
    await room.storages.activate(["local"]);
    const ended = spawnSync("true").pid;
    const alive = `.n1.1.${process.pid}.${processStartTicks(process.pid)}.partial`;
    for (const name of [`.n1.7.${ended}.5.partial`, `.n1.8.${ended}.5.partial.gz`, `.n2.1.${ended}.5.partial`, alive]) {
      writeFileSync(`${iso()}/${name}`, "");
    }
    await upload({ content: "iso" }, "a.iso", "data");
    expect(readdirSync(iso()).sort()).toEqual([alive, `.n2.1.${ended}.5.partial`, "a.iso"].sort());
    expect((await call("GET", "/nodes/n1/storage/local/content")).body.data).toHaveLength(1);
  });

  test("needs the right to fill the storage", async () => {
    expect((await upload({ content: "iso" }, "a.iso", "data", "nina@pve")).status).toBe(403);
    expect((await upload({ content: "iso" }, "a.iso", "data", "space@pve")).status).toBe(200);
  });
});

test("a change says which lines of storage.cfg it leaves out", async () => {
  await room.configure("dir: local\n\tpath /var/lib/vz\n\tcolour blue\n\nfloppy: a\n\tsize 1\n");
  const reply = await call("PUT", "/storage/local", { content: "iso" });
  expect(reply.status).toBe(200);
  expect(warnings).toEqual([
    { warning: "file storage.cfg line 3 (section 'local') - unable to parse value of 'colour': unknown property type" },
    { warning: "file storage.cfg line 5 (skip section 'a'): unsupported type 'floppy'" },
  ]);
});
