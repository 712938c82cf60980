import { expect, test } from "vitest";
import { makeLayout } from "../../os/layout.ts";
import { ailments } from "./up.ts";

test("a node that is up without one of its daemons says which, and where to read why", () => {
  const layout = makeLayout({ root: "/r", nodeName: "n1", isRootUser: false });
  const daemon = (name: string, state: "running" | "failed" | "backing-off" | "stopped") => ({
    name,
    state,
    restarts: 0,
  });
  const daemons = [
    daemon("pmxcfs", "running"),
    daemon("pvestatd", "backing-off"),
    daemon("rrdcached", "failed"),
    daemon("pveproxy", "stopped"),
  ];
  expect(ailments(layout, { daemons })).toEqual([
    "warning: pvestatd does not stay up and is started again and again: see /r/var/log/quorate/pvestatd.log",
    "warning: rrdcached does not run: see /r/var/log/quorate/rrdcached.log",
  ]);
  expect(ailments(layout, { daemons: [daemon("pmxcfs", "running")] })).toEqual([]);
});
