import { expect, test } from "vitest";
import { completions, splitTerms } from "./filter-terms.ts";

test.each([
  ["", [], ""],
  ["web", [], "web"],
  ["tag:web", ["tag:web"], ""],
  ["-pool:archive template:no we", ["-pool:archive", "template:no"], "we"],
  ["tag:", [], "tag:"],
  ["web tag:x", [], "web tag:x"],
  ["tag:a or tag:b", [], "tag:a or tag:b"],
  ["name:/^a b$/", [], "name:/^a b$/"],
  ["(tag:a)", [], "(tag:a)"],
  ["cpu>80% mem>=8g", ["cpu>80%", "mem>=8g"], ""],
])("%j has the chips %j and the rest %j", (text, terms, rest) => expect(splitTerms(text)).toEqual({ terms, rest }));

const values = { node: ["n1", "n2"], tag: ["web"], pool: [] };
test.each([
  ["", []],
  ["st", ["status:", "stale:"]],
  ["cp", ["cpu>"]],
  ["web -ta", ["web -tag:"]],
  ["node:", ["node:n1", "node:n2"]],
  ["status:r", ["status:running"]],
])("%j may become %j", (typed, want) => expect(completions(typed, values)).toEqual(want));
