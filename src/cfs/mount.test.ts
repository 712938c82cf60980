import { execFile } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clearStaleMount } from "./fuse/mount.ts";
import { canMount, PmxcfsProcess } from "./pmxcfs.testing.ts";
import type { RequestClusterFs } from "./request-client.ts";

const run = promisify(execFile);
const hasMount = await canMount();

/** What the call answers: `ok`, or the name of its error. */
function errnoOf(work: () => unknown): string {
  try {
    work();
    return "ok";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

describe.skipIf(!hasMount)("the mounted file system", () => {
  const pmxcfs = new PmxcfsProcess();
  const at = (name: string): string => pmxcfs.path(name);
  let cfs: RequestClusterFs;

  beforeAll(async () => {
    await pmxcfs.start();
    cfs = pmxcfs.client();
    for (const directory of [
      "nodes/n1/qemu-server",
      "nodes/n1/lxc",
      "nodes/n1/priv",
      "nodes/n2/qemu-server",
      "priv/lock",
    ]) {
      fs.mkdirSync(at(directory), { recursive: true });
    }
  });

  afterAll(() => pmxcfs.dispose());

  test("shows links and virtual files in its root, and nothing else of its own", () => {
    expect(fs.readlinkSync(at("local"))).toBe("nodes/n1");
    expect(fs.readlinkSync(at("qemu-server"))).toBe("nodes/n1/qemu-server");
    expect(fs.readdirSync(pmxcfs.directory).sort()).toEqual(
      [
        ".clusterlog",
        ".debug",
        ".members",
        ".rrd",
        ".version",
        ".vmlist",
        "local",
        "lxc",
        "nodes",
        "openvz",
        "priv",
        "qemu-server",
      ].sort(),
    );
    expect(fs.readFileSync(at(".members"), "utf8")).toBe('{\n"nodename": "n1",\n"version": 1\n}\n');
    expect(fs.lstatSync(at("local")).mode & 0o7777).toBe(0o755);
  });

  test("derives modes from the path", () => {
    fs.writeFileSync(at("a.cfg"), "x", { mode: 0o777 });
    fs.writeFileSync(at("priv/secret"), "x");
    const mode = (name: string): string => (fs.statSync(at(name)).mode & 0o7777).toString(8);
    expect([mode("."), mode("nodes"), mode("a.cfg"), mode("priv"), mode("priv/secret"), mode("nodes/n1/priv")]).toEqual(
      ["755", "755", "640", "700", "600", "700"],
    );
    expect([mode(".version"), mode(".debug")]).toEqual(["440", "640"]);
    fs.rmSync(at("a.cfg"));
  });

  test("loses no truncation: a shorter text replaces a longer one completely", async () => {
    fs.writeFileSync(at("t.cfg"), "0123456789");
    await run("sh", ["-c", `echo xy > ${at("t.cfg")}`]);
    expect(fs.readFileSync(at("t.cfg"), "utf8")).toBe("xy\n");
    fs.truncateSync(at("t.cfg"), 1);
    expect(fs.readFileSync(at("t.cfg"), "utf8")).toBe("x");
    await run("sh", ["-c", `: > ${at("t.cfg")}`]);
    expect(fs.readFileSync(at("t.cfg"), "utf8")).toBe("");
    expect((await cfs.read("t.cfg"))?.data.length).toBe(0);
  });

  test("an empty file that is truncated to a larger size is zeros", async () => {
    fs.writeFileSync(at("z.cfg"), "");
    fs.truncateSync(at("z.cfg"), 5000);
    expect(fs.readFileSync(at("z.cfg")).equals(Buffer.alloc(5000))).toBe(true);
    const fd = fs.openSync(at("z.cfg"), "r+");
    fs.writeSync(fd, Buffer.from("end"), 0, 3, 6000);
    fs.closeSync(fd);
    expect((await cfs.read("z.cfg"))?.data.equals(Buffer.concat([Buffer.alloc(6000), Buffer.from("end")]))).toBe(true);
  });

  test("a file that others rewrite is never read torn, whatever its size", async () => {
    const versions = [Buffer.alloc(100, "a"), Buffer.alloc(9000, "b"), Buffer.alloc(3, "c"), Buffer.alloc(70_000, "d")];
    await cfs.write("torn.cfg", versions[0] ?? "");
    let isDone = false;
    const writer = (async () => {
      for (let i = 0; i < 600; i += 1) await cfs.write("torn.cfg", versions[i % versions.length] ?? "");
      isDone = true;
    })();
    let reads = 0;
    let torn = 0;
    const buffer = Buffer.alloc(100_000);
    while (!isDone) {
      const file = await fs.promises.open(at("torn.cfg"));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      await file.close();
      const data = buffer.subarray(0, bytesRead);
      const match = versions.find((version) => version[0] === data[0]);
      if (match === undefined || !data.equals(match)) torn += 1;
      reads += 1;
    }
    await writer;
    expect(reads).toBeGreaterThan(50);
    // The kernel copies a large file page by page: a change between two of them is out of the server's hands.
    expect(torn / reads).toBeLessThan(0.01);
  });

  test(".version and .vmlist are never stale", async () => {
    const counter = (name: string): number => {
      const value: unknown = JSON.parse(fs.readFileSync(at(".version"), "utf8"))[name];
      return Number(value);
    };
    for (let i = 0; i < 100; i += 1) {
      const before = counter("storage.cfg");
      if (i % 2 === 0) fs.writeFileSync(at("storage.cfg"), `dir: ${i}\n`);
      else await cfs.write("storage.cfg", `dir: ${i}\n`);
      expect(counter("storage.cfg")).toBeGreaterThan(before);
    }
    fs.writeFileSync(at("qemu-server/900.conf"), "name: a\n");
    expect(fs.readFileSync(at(".vmlist"), "utf8")).toContain('"900": { "node": "n1", "type": "qemu"');
    fs.rmSync(at("qemu-server/900.conf"));
    expect(fs.readFileSync(at(".vmlist"), "utf8")).not.toContain("900");
  });

  test("what a client of the socket changes is seen through the mount at once", async () => {
    expect(fs.existsSync(at("fresh.cfg"))).toBe(false);
    await cfs.write("fresh.cfg", "one");
    expect(fs.readFileSync(at("fresh.cfg"), "utf8")).toBe("one");
    const fd = fs.openSync(at("fresh.cfg"), "r");
    await cfs.write("fresh.cfg", "two");
    expect(fs.readFileSync(at("fresh.cfg"), "utf8")).toBe("two");
    await cfs.write("fresh.cfg", "threefour");
    const buffer = Buffer.alloc(20);
    expect(buffer.toString("utf8", 0, fs.readSync(fd, buffer, 0, 20, 0))).toBe("threefour");
    expect(fs.fstatSync(fd).size).toBe(9);
    fs.closeSync(fd);
    expect(fs.readdirSync(pmxcfs.directory)).toContain("fresh.cfg");
    await cfs.rename("fresh.cfg", "moved.cfg");
    expect([fs.existsSync(at("fresh.cfg")), fs.readFileSync(at("moved.cfg"), "utf8")]).toEqual([false, "threefour"]);
    await cfs.remove("moved.cfg");
    expect(fs.existsSync(at("moved.cfg"))).toBe(false);
    expect(fs.readdirSync(pmxcfs.directory)).not.toContain("moved.cfg");
  });

  test("a file replaced by a rename of a client shows its new content", async () => {
    await cfs.write("status.cfg", "old");
    expect(fs.readFileSync(at("status.cfg"), "utf8")).toBe("old");
    await cfs.write("status.cfg.tmp.1", "new");
    await cfs.rename("status.cfg.tmp.1", "status.cfg");
    expect(fs.readFileSync(at("status.cfg"), "utf8")).toBe("new");
  });

  test("what is written through the mount is seen by clients and watchers when the call returns", async () => {
    const seen: string[] = [];
    const stop = cfs.watch((event) => {
      if ("path" in event) seen.push(`${event.kind} ${event.path}`);
    });
    await cfs.info();
    fs.writeFileSync(at("w.cfg"), "abc");
    fs.renameSync(at("w.cfg"), at("v.cfg"));
    expect((await cfs.read("v.cfg"))?.data.toString()).toBe("abc");
    expect(seen).toEqual(["entry w.cfg", "file w.cfg", "entry w.cfg", "entry v.cfg"]);
    stop();
  });

  test("an append goes to the end of the file, also through a descriptor that knows an older size", async () => {
    await cfs.write("log.txt", "1\n");
    const fd = fs.openSync(at("log.txt"), "a");
    fs.writeSync(fd, "2\n");
    await cfs.write("log.txt", "1\n2\nlonger than before\n");
    fs.writeSync(fd, "3\n");
    fs.closeSync(fd);
    expect(fs.readFileSync(at("log.txt"), "utf8")).toBe("1\n2\nlonger than before\n3\n");
  });

  test("a deleted file can be read until it is closed, and a new one of its name is another", async () => {
    fs.writeFileSync(at("open.txt"), "kept");
    const fd = fs.openSync(at("open.txt"), "r+");
    fs.rmSync(at("open.txt"));
    fs.writeFileSync(at("open.txt"), "another");
    const buffer = Buffer.alloc(10);
    expect(buffer.toString("utf8", 0, fs.readSync(fd, buffer, 0, 10, 0))).toBe("kept");
    expect(errnoOf(() => fs.writeSync(fd, "lost"))).toBe("ENOENT");
    fs.closeSync(fd);
    await cfs.remove("open.txt");
    expect(errnoOf(() => fs.readFileSync(at("open.txt")))).toBe("ENOENT");
  });

  test("files end at 1 MiB: a write across it is short, the next one is refused", () => {
    const fd = fs.openSync(at("big"), "w");
    const chunk = Buffer.alloc(700_000, "x");
    expect(fs.writeSync(fd, chunk)).toBe(700_000);
    expect(fs.writeSync(fd, chunk)).toBe(1_048_576 - 700_000);
    expect(errnoOf(() => fs.writeSync(fd, "y"))).toBe("EFBIG");
    fs.closeSync(fd);
    expect(errnoOf(() => fs.truncateSync(at("big"), 1_048_577))).toBe("EFBIG");
    expect(fs.statSync(at("big")).size).toBe(1_048_576);
    fs.rmSync(at("big"));
  });

  test("a megabyte written at once is one change, or two when the kernel has to split it", async () => {
    fs.writeFileSync(at("m1"), "");
    const before = (await cfs.read("m1"))?.version ?? 0n;
    const fd = fs.openSync(at("m1"), "r+");
    fs.writeSync(fd, Buffer.alloc(1 << 20, "m"));
    fs.closeSync(fd);
    expect(((await cfs.read("m1"))?.version ?? 0n) - before).toBeLessThanOrEqual(2n);
    fs.rmSync(at("m1"));
  });

  const refused = [
    { name: "chmod to another mode", want: "EPERM", work: () => fs.chmodSync(at("e.cfg"), 0o600) },
    { name: "chmod to the mode it has", want: "ok", work: () => fs.chmodSync(at("e.cfg"), 0o640) },
    { name: "chmod 600 of a private file", want: "ok", work: () => fs.chmodSync(at("priv/e"), 0o600) },
    { name: "chmod 755 of a directory", want: "EPERM", work: () => fs.chmodSync(at("nodes"), 0o755) },
    { name: "chown to another user", want: "EPERM", work: () => fs.chownSync(at("e.cfg"), 12_345, -1) },
    { name: "a symbolic link", want: "ENOSYS", work: () => fs.symlinkSync("a", at("link")) },
    { name: "a hard link", want: "EPERM", work: () => fs.linkSync(at("e.cfg"), at("hard")) },
    { name: "rmdir of a directory with entries", want: "ENOTEMPTY", work: () => fs.rmdirSync(at("nodes")) },
    { name: "rename of a directory with entries", want: "ENOTEMPTY", work: () => fs.renameSync(at("nodes"), at("m")) },
    {
      name: "rename over a directory with entries",
      want: "ENOTEMPTY",
      work: () => fs.renameSync(at("empty"), at("nodes")),
    },
    { name: "unlink of a link of the root", want: "EACCES", work: () => fs.unlinkSync(at("local")) },
    { name: "unlink of a virtual file", want: "EACCES", work: () => fs.unlinkSync(at(".version")) },
    { name: "rename of a virtual file", want: "EACCES", work: () => fs.renameSync(at(".version"), at("x")) },
    { name: "rename over a virtual file", want: "EACCES", work: () => fs.renameSync(at("e.cfg"), at(".members")) },
    { name: "a write to a virtual file", want: "EIO", work: () => fs.writeFileSync(at(".version"), "x") },
    { name: "nonsense to .debug", want: "EIO", work: () => fs.writeFileSync(at(".debug"), "yes") },
    {
      name: "an exclusive create of what exists",
      want: "EEXIST",
      work: () => fs.writeFileSync(at("e.cfg"), "", { flag: "wx" }),
    },
    {
      name: "a guest that another node has",
      want: "EEXIST",
      work: () => fs.writeFileSync(at("nodes/n2/qemu-server/100.conf"), ""),
    },
    {
      name: "a container with a VM's id",
      want: "EEXIST",
      work: () => fs.writeFileSync(at("nodes/n1/lxc/100.conf"), ""),
    },
    { name: "a name of 1025 bytes", want: "ENAMETOOLONG", work: () => fs.writeFileSync(at("x".repeat(1025)), "") },
    { name: "a lock that is held", want: "EEXIST", work: () => fs.mkdirSync(at("priv/lock/held")) },
    {
      name: "to take away a lock that has not expired",
      want: "EACCES",
      work: () => fs.utimesSync(at("priv/lock/held"), 0, 0),
    },
    { name: "rename of a lock", want: "EACCES", work: () => fs.renameSync(at("priv/lock/held"), at("priv/lock/mine")) },
    {
      name: "a refresh of an own lock",
      want: "ok",
      work: () => fs.utimesSync(at("priv/lock/held"), 4_000_000_000, 4_000_000_000),
    },
  ];
  describe("answers as documented", () => {
    beforeAll(() => {
      fs.writeFileSync(at("e.cfg"), "");
      fs.writeFileSync(at("priv/e"), "");
      fs.mkdirSync(at("empty"));
      fs.mkdirSync(at("priv/lock/held"));
      fs.writeFileSync(at("nodes/n1/qemu-server/100.conf"), "");
    });
    test.each(refused)("$name: $want", ({ want, work }) => {
      expect(errnoOf(work)).toBe(want);
      expect(fs.existsSync(at("nodes/n1/qemu-server"))).toBe(true);
    });
    test("special files: not implemented", async () => {
      await expect(run("mkfifo", [at("fifo")])).rejects.toThrow("Function not implemented");
    });
  });

  test("a guest moves to another node by a rename of its config", () => {
    fs.writeFileSync(at("nodes/n1/qemu-server/101.conf"), "name: m\n");
    fs.renameSync(at("nodes/n1/qemu-server/101.conf"), at("nodes/n2/qemu-server/101.conf"));
    expect(fs.readFileSync(at(".vmlist"), "utf8")).toContain('"101": { "node": "n2"');
  });

  test(".debug switches", () => {
    fs.writeFileSync(at(".debug"), "1\n");
    expect(fs.readFileSync(at(".debug"), "utf8")).toBe("1\n");
    fs.writeFileSync(at(".debug"), "0\n");
    expect(fs.readFileSync(at(".debug"), "utf8")).toBe("0\n");
  });

  test("a create that lost a race against a client opens the other's file", async () => {
    const name = Buffer.from(at("raced.cfg"));
    expect(fs.existsSync(name)).toBe(false);
    await cfs.write("raced.cfg", "theirs");
    const fd = fs.openSync(name, fs.constants.O_CREAT | fs.constants.O_RDONLY);
    const buffer = Buffer.alloc(10);
    expect(buffer.toString("utf8", 0, fs.readSync(fd, buffer))).toBe("theirs");
    fs.closeSync(fd);
  });

  test("names that are not UTF-8 survive", async () => {
    const raw = Buffer.concat([Buffer.from(`${pmxcfs.directory}/`), Buffer.from([0x66, 0xff, 0xc3, 0x28])]);
    fs.writeFileSync(raw, "raw");
    fs.writeFileSync(at("größe-😀.cfg"), "utf8");
    const names = fs.readdirSync(Buffer.from(pmxcfs.directory), { encoding: "buffer" });
    expect(names.some((name) => name.equals(Buffer.from([0x66, 0xff, 0xc3, 0x28])))).toBe(true);
    await pmxcfs.end();
    await pmxcfs.start();
    expect(fs.readFileSync(raw, "utf8")).toBe("raw");
    expect(fs.readFileSync(at("größe-😀.cfg"), "utf8")).toBe("utf8");
    fs.unlinkSync(raw);
  });

  test("a large directory is listed completely while others change it", async () => {
    fs.mkdirSync(at("many"));
    const names = Array.from({ length: 1200 }, (_, i) => `file-${i}`);
    await Promise.all(names.map((name) => cfs.write(`many/${name}`, "")));
    const changing = (async () => {
      for (let i = 0; i < 50; i += 1) {
        await cfs.write(`many/extra-${i}`, "");
        await cfs.remove(`many/extra-${i}`);
      }
    })();
    const listed = new Set(await fs.promises.readdir(at("many")));
    await changing;
    expect(names.filter((name) => !listed.has(name))).toEqual([]);
    const stats = await run("ls", ["-l", at("many")]);
    expect(stats.stdout.split("\n").filter((line) => line.includes("file-"))).toHaveLength(1200);
  });

  test("statfs shows the limits", () => {
    const { bsize, blocks, files } = fs.statfsSync(pmxcfs.directory);
    expect([bsize, blocks, files]).toEqual([4096, 32_768, 262_144]);
  });

  test("kill -9 in the middle: the next start takes the dead mount away, with a reader inside", async () => {
    fs.writeFileSync(at("before"), "kept");
    const fd = fs.openSync(at("before"), "r");
    await pmxcfs.end("SIGKILL");
    expect(errnoOf(() => fs.statSync(at("before")))).toMatch(/ENOTCONN|ECONNABORTED/);
    await pmxcfs.start();
    expect(fs.readFileSync(at("before"), "utf8")).toBe("kept");
    fs.closeSync(fd);
  });

  test("a dead mount is taken away whatever the way to it looks like: blanks, links", async () => {
    const root = fs.mkdtempSync(join(tmpdir(), "quorate cfs-"));
    const link = `${root}.link`;
    fs.symlinkSync(root, link);
    const other = new PmxcfsProcess({ root: link });
    const isListed = (): boolean => fs.readFileSync("/proc/mounts", "utf8").includes(root.replaceAll(" ", "\\040"));
    try {
      await other.start();
      await other.end("SIGKILL");
      expect(isListed()).toBe(true);
      await clearStaleMount(other.directory);
      expect(isListed()).toBe(false);
    } finally {
      await other.dispose();
      fs.rmSync(root, { recursive: true, force: true });
    }
  });

  test("a stop leaves no mount, socket or pid file, but the flag that a restart may follow", async () => {
    await pmxcfs.end();
    expect(fs.readdirSync(pmxcfs.directory)).toEqual([]);
    expect(fs.readdirSync(pmxcfs.layout.clusterRun)).toEqual(["cfs-restart-flag"]);
    expect(fs.existsSync(pmxcfs.layout.pmxcfsPid)).toBe(false);
    await pmxcfs.start();
    expect(fs.existsSync(`${pmxcfs.layout.clusterRun}/cfs-restart-flag`)).toBe(false);
  });
});
