/** Memory arguments: static or with slots for hotplug, NUMA nodes, huge pages. */

import { splitList } from "../../../rest/split-list.ts";
import { memory as memoryProperties, numaNode } from "../schema/devices.ts";
import { isOn, numberOf, readProperties } from "../values.ts";
import { BuildError } from "./build-error.ts";
import type { CommandLine } from "./command-line.ts";
import { guestPhysBits } from "./cpu.ts";

const DEFAULT_MIB = 512;
const SLOTS = 255;
/** No guest gets more than 4 TiB of address space for its memory. */
const MAX_HOTPLUG_MIB = 4_194_304;
const DIMMS_PER_SIZE = 32;
const FIRST_DIMM_MIB = 512;

export function memoryMiB(config: Readonly<Record<string, string>>): number {
  if (config.memory === undefined) return DEFAULT_MIB;
  return Number(readProperties("memory", memoryProperties, config.memory).current);
}

/** What may change while the guest runs. */
export function hotplugFeatures(config: Readonly<Record<string, string>>): ReadonlySet<string> {
  const text = config.hotplug ?? "1";
  if (text === "0") return new Set();
  return new Set(text === "1" ? ["network", "disk", "usb"] : splitList(text));
}

export interface Dimm {
  readonly index: number;
  readonly sizeMiB: number;
  readonly node: number;
}

/**
 * The dimms between the static memory and `totalMiB`: 32 of each size, sizes doubling, spread over the nodes in turn.
 * @throws BuildError when the size falls between two dimms.
 */
export function dimmsUpTo(totalMiB: number, staticMiB: number, nodeCount: number, firstDimmMiB: number): Dimm[] {
  const dimms: Dimm[] = [];
  let sizeMiB = firstDimmMiB;
  let currentMiB = staticMiB;
  for (let index = 0; currentMiB < totalMiB && index < SLOTS; index += 1) {
    if (index > 0 && index % DIMMS_PER_SIZE === 0) sizeMiB *= 2;
    currentMiB += sizeMiB;
    if (currentMiB > totalMiB) {
      throw new BuildError(`memory size (${totalMiB}) must be aligned to ${sizeMiB} for hotplugging`);
    }
    dimms.push({ index, sizeMiB, node: index % nodeCount });
  }
  return dimms;
}

/** What is plugged at start when memory can be hotplugged. */
export function staticMiB(config: Readonly<Record<string, string>>): number {
  const sockets = numberOf(config.sockets, 1);
  return config.hugepages === "1024" ? 1024 * sockets : 1024;
}

export function addMemory(line: CommandLine): void {
  const { config } = line;
  const totalMiB = memoryMiB(config);
  const canHotplug = hotplugFeatures(config).has("memory");
  const hasNuma = isOn(config.numa);
  const sockets = numberOf(config.sockets ?? config.smp, 1);
  const coldMiB = canHotplug ? staticMiB(config) : totalMiB;
  if (canHotplug) {
    if (!hasNuma) throw new BuildError("NUMA needs to be enabled for memory hotplug");
    if (totalMiB < coldMiB) throw new BuildError(`minimum memory must be ${coldMiB}MB`);
    for (const key of Object.keys(config)) {
      if (/^numa\d+$/.test(key)) throw new BuildError("cannot enable memory hotplugging with custom NUMA topology");
    }
    const bits = guestPhysBits(line);
    const maxMiB = Math.min(2 ** (bits - 21), MAX_HOTPLUG_MIB);
    if (totalMiB > maxMiB) throw new BuildError(`cannot hotplug memory beyond ${maxMiB}MB`);
    line.cmd.push("-m", `size=${coldMiB},slots=${SLOTS},maxmem=${maxMiB}M`);
  } else line.cmd.push("-m", String(totalMiB));
  if (config.hugepages !== undefined && !hasNuma) {
    throw new BuildError("numa needs to be enabled to use hugepages");
  }
  if (hasNuma) addNumaNodes(line, coldMiB, sockets);
  if (!canHotplug) return;
  const firstDimmMiB = config.hugepages === "1024" ? 1024 : FIRST_DIMM_MIB;
  for (const dimm of dimmsUpTo(totalMiB, coldMiB, sockets, firstDimmMiB)) {
    line.cmd.push("-object", backend(line, `mem-dimm${dimm.index}`, dimm.sizeMiB));
    line.cmd.push("-device", `pc-dimm,id=dimm${dimm.index},memdev=mem-dimm${dimm.index},node=${dimm.node}`);
  }
}

function addNumaNodes(line: CommandLine, coldMiB: number, sockets: number): void {
  const custom = customNodes(line, coldMiB);
  if (custom.length > 0) {
    for (const args of custom) line.cmd.push(...args);
    return;
  }
  const cores = numberOf(line.config.cores, 1);
  for (let node = 0; node < sockets; node += 1) {
    const first = node * cores;
    const cpus = cores > 1 ? `${first}-${first + cores - 1}` : String(first);
    line.cmd.push("-object", backend(line, `ram-node${node}`, Math.floor(coldMiB / sockets)));
    line.cmd.push("-numa", `node,nodeid=${node},cpus=${cpus},memdev=ram-node${node}`);
  }
}

function customNodes(line: CommandLine, coldMiB: number): string[][] {
  const nodes: string[][] = [];
  let sumMiB = 0;
  for (let node = 0; node <= 7; node += 1) {
    const text = line.config[`numa${node}`];
    if (text === undefined) continue;
    const values = readProperties(`numa${node}`, numaNode, text);
    if (values.memory === undefined) throw new BuildError(`missing NUMA node${node} memory value`);
    const sizeMiB = Number(values.memory);
    sumMiB += sizeMiB;
    const binding = hostBinding(line, values.hostnodes, values.policy);
    const cpus = String(values.cpus)
      .split(";")
      .map((range) => `,cpus=${range}`)
      .join("");
    nodes.push([
      "-object",
      backend(line, `ram-node${node}`, sizeMiB) + binding,
      "-numa",
      `node,nodeid=${node}${cpus},memdev=ram-node${node}`,
    ]);
  }
  if (nodes.length > 0 && sumMiB !== coldMiB) {
    throw new BuildError("total memory for NUMA nodes must be equal to vm static memory");
  }
  return nodes;
}

function hostBinding(line: CommandLine, hostnodes: unknown, policy: unknown): string {
  if (hostnodes === undefined) return "";
  if (policy === undefined) throw new BuildError(`you need to define a policy for hostnode ${hostnodes}`);
  const ranges = String(hostnodes).split(";");
  for (const range of ranges) {
    const [first = "", last = first] = range.split("-");
    for (let node = Number(first); node <= Number(last); node += 1) {
      const known = line.world.hostNumaNodes;
      if (known !== undefined && !known.has(node)) throw new BuildError(`host NUMA node${node} doesn't exist`);
    }
  }
  return `${ranges.map((range) => `,host-nodes=${range}`).join("")},policy=${policy}`;
}

/** One memory backend: plain, or on huge pages where the config asks for them. */
function backend(line: CommandLine, id: string, sizeMiB: number): string {
  const { hugepages } = line.config;
  if (hugepages === undefined) return `memory-backend-ram,id=${id},size=${sizeMiB}M`;
  const pageMiB = hugepages === "any" ? largestPage(line, sizeMiB) : Number(hugepages);
  const path = `${line.world.paths.hugepages}/${pageMiB * 1024}kB`;
  return `memory-backend-file,id=${id},size=${sizeMiB}M,mem-path=${path},share=on,prealloc=yes`;
}

function largestPage(line: CommandLine, sizeMiB: number): number {
  const fitting = line.world.hugepageSizesMiB.filter((page) => sizeMiB % page === 0).sort((a, b) => b - a);
  if (fitting[0] === undefined) throw new BuildError(`no huge page size of this host fits ${sizeMiB}MB`);
  return fitting[0];
}
