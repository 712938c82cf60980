import { expect, test } from "vitest";
import { parseContentDirs, printContentDirs, readStorageConfig } from "./config.ts";

function read(text: string) {
  return readStorageConfig({ data: Buffer.from(text), digest: "", mtime: 0, version: 1n });
}

test("without a file there is the standard directory", () => {
  const { entries } = readStorageConfig(undefined);
  expect([...entries.keys()]).toEqual(["local"]);
  expect(entries.get("local")).toMatchObject({ type: "dir", options: { path: "/var/lib/vz" }, isEnabled: true });
});

test.each([
  ["another type", "nfs: local\n\tserver s\n\texport /e\n"],
  ["another path", "dir: local\n\tpath /srv\n"],
])("a 'local' of %s is replaced by the standard one and sorts first", (_, text) => {
  const { entries } = read(`dir: other\n\tpath /o\n\n${text}`);
  expect([...entries.keys()]).toEqual(["local", "other"]);
  expect(entries.get("local")).toMatchObject({ type: "dir", options: { path: "/var/lib/vz" } });
});

test("'local' is on every node, whatever it says", () => {
  const { entries } = read("dir: local\n\tpath /var/lib/vz\n\tnodes n2\n");
  expect(entries.get("local")?.nodes).toBeUndefined();
});

test("types of network storages are shared and get their standard path", () => {
  const { entries, warnings } = read("nfs: nas\n\tserver 10.0.0.1\n\texport /x\n\tnodes n1,n2\n");
  expect(entries.get("nas")).toMatchObject({ isShared: true, options: { path: "/mnt/pve/nas" } });
  expect([...(entries.get("nas")?.nodes ?? [])]).toEqual(["n1", "n2"]);
  expect(warnings).toEqual([]);
});

test("content that the type does not have is dropped with a warning", () => {
  const { entries, warnings } = read("lvm: vg\n\tvgname vg0\n\tcontent images,iso\n");
  expect([...(entries.get("vg")?.content ?? [])]).toEqual(["images"]);
  expect(warnings).toEqual(["file storage.cfg line 3 (section 'vg') - storage does not support content type 'iso'"]);
});

test("a format that the type does not have is dropped with a warning", () => {
  const { entries, warnings } = read("\nnfs: nas\n\tserver h\n\texport /x\n\tformat subvol\n");
  expect(entries.get("nas")?.options).not.toHaveProperty("format");
  expect(warnings).toEqual(["file storage.cfg line 5 (section 'nas') - storage does not support format 'subvol'"]);
});

test("a broken section costs itself only", () => {
  const { entries, file } = read("dir: broken\n\tshared 1\n\ndir: good\n\tpath /good\n");
  expect([...entries.keys()]).toEqual(["local", "good"]);
  expect(file.broken.has("broken")).toBe(true);
});

test("content-dirs are printed sorted", () => {
  expect(printContentDirs(parseContentDirs("iso=b/c,backup=a"))).toBe("backup=a,iso=b/c");
});
