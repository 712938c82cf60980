import { expect, test } from "vitest";
import { memoryClusterFs } from "../cfs/memory.ts";
import { silentLogger } from "../log/logger.ts";
import { UserChanges } from "./user-changes.ts";

test("a hand that edits the file during a change loses nothing: the change is refused", async () => {
  const cfs = memoryClusterFs({ nodeName: "n1", files: { "user.cfg": "user:nina@pve:1:0:::::\n" } });
  const read = cfs.read.bind(cfs);
  const edited = "user:otto@pve:1:0:::::\n";
  cfs.read = async (path) => {
    const file = await read(path);
    await cfs.write("user.cfg", edited);
    return file;
  };
  const changes = new UserChanges({ cfs, log: silentLogger });
  await expect(
    changes.change(({ groups }) => groups.set("ops", { comment: "", members: new Set() })),
  ).rejects.toThrow();
  expect((await read("user.cfg"))?.data.toString()).toBe(edited);
});
