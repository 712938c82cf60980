import { expect, test } from "vitest";
import { CachedFiles } from "../../cfs/cached-files.ts";
import { memoryClusterFs } from "../../cfs/memory.ts";
import { customCpuModels } from "./cpu-models.ts";

test("the cluster's CPU models are read with the types that the builder takes", async () => {
  const text = `cpu-model: fast
	flags +aes;-svm
	hidden 1
	hv-vendor-id acme
	level 30
	guest-phys-bits 39
	phys-bits host
	reported-model athlon

cpu-model: plain
`;
  const files = new CachedFiles(memoryClusterFs({ nodeName: "n1", files: { "virtual-guest/cpu-models.conf": text } }));
  const models = await customCpuModels(files);
  expect(models.get("fast")).toEqual({
    flags: "+aes;-svm",
    hidden: true,
    hvVendorId: "acme",
    level: 30,
    guestPhysBits: 39,
    physBits: "host",
    reportedModel: "athlon",
  });
  expect(models.get("plain")).toEqual({});
  expect(await customCpuModels(files)).toBe(models);
});

test("without the file there are none", async () => {
  const files = new CachedFiles(memoryClusterFs({ nodeName: "n1" }));
  expect((await customCpuModels(files)).size).toBe(0);
});
