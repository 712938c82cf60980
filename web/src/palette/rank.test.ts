import { expect, test } from "vitest";
import { type Candidate, rank } from "./rank.ts";

const guest = (vmid: number, name: string, ...tags: string[]): Candidate => ({
  key: `vm/${vmid}`,
  title: name,
  words: [String(vmid), ...tags],
  kind: "guest",
});
const candidates: Candidate[] = [
  guest(101, "web-01", "prod"),
  guest(110, "db-01", "prod"),
  guest(1010, "old-web", "test"),
  guest(200, "101-copy"),
  { key: "page/tasks", title: "Tasks", words: [], kind: "page" },
  { key: "action/stop/110", title: "Stop db-01", words: ["110"], kind: "action" },
];
const found = (query: string): string[] => rank(candidates, query, 10).map(({ key }) => key);

test.each([
  ["101", ["vm/101", "vm/200", "vm/1010"]],
  ["web", ["vm/101", "vm/1010"]],
  ["prod", ["vm/110", "vm/101"]],
  ["stop db", ["action/stop/110"]],
  ["db", ["vm/110", "action/stop/110", "vm/1010"]],
  ["tsk", ["page/tasks"]],
  ["nothing", []],
])("%s", (query, want) => expect(found(query)).toEqual(want));

test("five thousand guests are searched all", () => {
  const many = Array.from({ length: 5000 }, (_, index) => guest(1000 + index, `host-${index}`, "prod", "web"));
  expect(rank(many, "host-4999", 10)[0]?.title).toBe("host-4999");
});
