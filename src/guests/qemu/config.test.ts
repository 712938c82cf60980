import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseVmConfig, printVmConfig } from "./config.ts";

const parse = (text: string, strict = false) => parseVmConfig(text, { vmid: 100, strict });
const reprint = (text: string) => printVmConfig(parse(text));

const fixed = [
  { name: "a config of every kind of section is written as it was read", text: everySection() },
  { name: "an empty config stays empty", text: "" },
  { name: "args is taken as it is", text: "args: -device foo,bar=1 #x\n" },
  { name: "keys are sorted by bytes", text: "net1: virtio,bridge=a\nnet10: virtio,bridge=a\nnet2: virtio,bridge=a\n" },
];
test.each(fixed)("$name", ({ text }) => {
  expect(reprint(text)).toBe(text);
  expect(parse(text).warnings).toEqual([]);
});

const rewritten = [
  { name: "words become flags", text: "onboot: yes\nnuma: Off\n", want: "numa: 0\nonboot: 1\n" },
  { name: "smp becomes sockets", text: "smp: 2\n", want: "sockets: 2\n" },
  { name: "cdrom becomes ide2", text: "cdrom: none\n", want: "ide2: none\n" },
  {
    name: "an old ISO name becomes a volume",
    text: "ide2: x.iso,media=cdrom\n",
    want: "ide2: local:iso/x.iso,media=cdrom\n",
  },
  { name: "an old disk name becomes a volume", text: "ide0: d.raw\n", want: "ide0: local:100/d.raw\n" },
  { name: "sizes get their largest unit", text: "scsi0: st:1/a,size=1.5T\n", want: "scsi0: st:1/a,size=1536G\n" },
  { name: "aliases get their name", text: "scsi0: volume=st:1/a,ssd=on\n", want: "scsi0: st:1/a,ssd=1\n" },
  { name: "a description key becomes comments", text: "cores: 1\ndescription: a%0Ab\n", want: "#a\n#b\ncores: 1\n" },
  { name: "comments of a section are one text", text: "#a\ncores: 1\n#b \n", want: "#a\n#b\ncores: 1\n" },
  {
    name: "a volume that is attached is not unused",
    text: "scsi0: st:1/a\nunused0: st:1/a\nunused1: st:1/b\n",
    want: "scsi0: st:1/a\nunused1: st:1/b\n",
  },
  {
    name: "generated cloud-init values go with the drive",
    text: "cores: 1\n\n[special:cloudinit]\nname: a\n",
    want: "cores: 1\n",
  },
  { name: "an empty pending section is left out", text: "cores: 1\n\n[PENDING]\n", want: "cores: 1\n" },
  { name: "pending is found in any letter case", text: "\n[pending]\ncores: 2\n", want: "\n[PENDING]\ncores: 2\n" },
  {
    name: "a description that will be emptied is a lone hash",
    text: "#x\n\n[PENDING]\n#\n",
    want: "#x\n\n[PENDING]\n#\n",
  },
];
test.each(rewritten)("$name", ({ text, want }) => {
  expect(reprint(text)).toBe(want);
  expect(reprint(want)).toBe(want);
});

const refused = [
  { name: "an unknown key", text: "foo: 1\n", why: "unable to parse value of 'foo' - unknown setting 'foo'" },
  {
    name: "a key beyond its family",
    text: "ide4: none\n",
    why: "unable to parse value of 'ide4' - unknown setting 'ide4'",
  },
  {
    name: "a number that is none",
    text: "cores: x\n",
    why: "unable to parse value of 'cores' - type check ('integer') failed - got 'x'",
  },
  { name: "a line without a key", text: "what\n", why: "unable to parse config: what" },
  {
    name: "snapstate outside a snapshot",
    text: "snapstate: delete\n",
    why: "unable to parse config: snapstate: delete",
  },
  { name: "delete outside pending", text: "delete: net0\n", why: "property 'delete' is only allowed in [PENDING]" },
  {
    name: "an unknown special section",
    text: "[special:Fleecing]\na: b\n",
    why: "skipping unknown section: 'special:Fleecing'",
  },
  {
    name: "a path of the old kind",
    text: "ide0: a/b\n",
    why: "unable to parse value of 'ide0' - unable to parse drive options for 'ide0'",
  },
  {
    name: "an unknown sub-key",
    text: "net0: virtio,foo=1\n",
    why: "unable to parse value of 'net0' - format error\nnet0.foo: property is not defined in schema and the schema does not allow additional properties",
  },
  {
    name: "a second snapshot of a name",
    text: "[s1]\ncores: 1\n[s1]\ncores: 2\n",
    why: "duplicate snapshot section: s1",
  },
  {
    name: "a second special section",
    text: "[special:fleecing]\n[special:fleecing]\n",
    why: "duplicate special section: fleecing",
  },
];
test.each(refused)("$name is dropped with a warning, and an error in strict mode", ({ text, why }) => {
  expect(parse(text).warnings).toEqual([`vm 100 - ${why}`]);
  expect(() => parse(text, true)).toThrow(`vm 100 - ${why}\n`);
});

test("a later section replaces an earlier one whole", () => {
  const file = parse("[s1]\ncores: 1\nmemory: 512\n[s1]\ncores: 2\n[PENDING]\nvga: std\n[PENDING]\nbios: ovmf\n");
  expect(file.snapshots).toEqual({ s1: { cores: "2" } });
  expect(file.pending).toEqual({ bios: "ovmf" });
});

test("the digest is the SHA-1 of the text", () => {
  expect(parse("").digest).toBe("da39a3ee5e6b4b0d3255bfef95601890afd80709");
});

describe("any text", () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom("[PENDING]", "[special:cloudinit]", "[snap]", "delete: a", "cdrom: x.iso", "smp: 2", "#", "#a%zz"),
    fc
      .tuple(fc.constantFrom("scsi0", "net0", "cores", "agent", "boot", "description", "unused3"), fc.string())
      .map(([k, v]) => `${k}: ${v}`),
  );
  const text = fc.array(line).map((lines) => lines.join("\n"));

  test("never crashes the reader, and what is written is read back the same", () => {
    fc.assert(
      fc.property(text, (input) => {
        const once = printVmConfig(parse(input));
        expect(printVmConfig(parse(once, true))).toBe(once);
      }),
    );
  });
});

function everySection(): string {
  return `#A note%3A 100%25
#second line
agent: 1
boot: order=scsi0;net0
ide2: local:vm-100-cloudinit,media=cdrom
net0: virtio=BC:24:11:00:00:01,bridge=vmbr0
parent: s2
scsi0: local:100/vm-100-disk-0.qcow2,iothread=1,size=4G
unused0: local:100/vm-100-disk-1.raw

[PENDING]
cores: 4
delete: !net1,vga

[special:cloudinit]
added: ciuser
name: old

[special:fleecing]
fleecing-images: local:100/vm-100-fleece-0.raw

[s1]
cores: 1
snaptime: 1700000000

[s2]
#snap
parent: s1
snapstate: prepare
snaptime: 1700000001
vmstate: local:100/vm-100-state-s2.raw
`;
}
