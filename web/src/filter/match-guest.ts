/** Whether a guest is one of those that a filter asks for. */
import { parseSize } from "../format/bytes.ts";
import type { GuestState } from "../store/freshness.ts";
import type { GuestResource } from "../store/resources.ts";
import type { FilterNode, Operator } from "./parse-filter.ts";

export interface FilterSubject {
  readonly guest: GuestResource;
  readonly state: GuestState;
}

export function matchesFilter(node: FilterNode, subject: FilterSubject): boolean {
  switch (node.kind) {
    case "all":
      return true;
    case "text":
      return matchesText(subject.guest, node.text);
    case "pattern":
      return textsOf(node.key, subject).some((text) => node.pattern.test(text));
    case "not":
      return !matchesFilter(node.of, subject);
    case "and":
      return node.of.every((part) => matchesFilter(part, subject));
    case "or":
      return node.of.some((part) => matchesFilter(part, subject));
    case "term":
      return (
        node.values.length === 0 || node.values.some((value) => matchesTerm(node.key, node.operator, value, subject))
      );
    default:
      return node satisfies never;
  }
}

function matchesText({ name, vmid, tags, node, pool }: GuestResource, text: string): boolean {
  return (
    name.toLowerCase().includes(text) ||
    String(vmid).startsWith(text) ||
    tags.some((tag) => tag.toLowerCase().includes(text)) ||
    node.toLowerCase() === text ||
    pool?.toLowerCase() === text
  );
}

function textsOf(key: string, { guest, state }: FilterSubject): readonly string[] {
  switch (key) {
    case "name":
      return [guest.name];
    case "id":
      return [String(guest.vmid)];
    case "status":
      return [state];
    case "node":
      return [guest.node];
    case "pool":
      return guest.pool === undefined ? [] : [guest.pool];
    case "tag":
      return guest.tags;
    case "type":
      return [guest.guestKind, guest.guestKind === "qemu" ? "vm" : "ct"];
    case "lock":
      return guest.lock === undefined ? [] : [guest.lock];
    default:
      return [];
  }
}

function matchesTerm(key: string, operator: Operator, value: string, subject: FilterSubject): boolean {
  const { guest, state } = subject;
  switch (key) {
    case "template":
      return isYes(value) === guest.isTemplate;
    case "stale":
      return isYes(value) === (state === "unknown");
    case "cpu":
      return compare(share(guest.cpu, state), operator, parseShare(value));
    case "mem": {
      const isShare = value.endsWith("%");
      const used = state === "running" ? guest.memory : undefined;
      if (!isShare) return compare(used, operator, parseSize(value, "GiB"));
      const part = used === undefined || guest.memoryTotal === undefined ? undefined : used / guest.memoryTotal;
      return compare(part, operator, parseShare(value));
    }
    case "ram":
      return compare(guest.memoryTotal, operator, parseSize(value, "GiB"));
    case "uptime":
      return compare(state === "running" ? guest.uptime : undefined, operator, parseAge(value));
    case "id":
      if (operator !== ":" && operator !== "=") return compare(guest.vmid, operator, Number(value));
      return String(guest.vmid) === value;
    case "name":
      return operator === "=" ? guest.name.toLowerCase() === value : guest.name.toLowerCase().includes(value);
    default:
      return textsOf(key, subject).some((text) => text.toLowerCase() === value);
  }
}

function share(value: number | undefined, state: GuestState): number | undefined {
  return state === "running" ? value : undefined;
}

function isYes(value: string): boolean {
  return value === "yes" || value === "1" || value === "true";
}

function parseShare(value: string): number | undefined {
  const number = Number(value.replace("%", ""));
  return Number.isFinite(number) && value !== "" ? number / 100 : undefined;
}

const AGE_S: Readonly<Record<string, number>> = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };

export function parseAge(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)?$/.exec(value);
  return match === null ? undefined : Number(match[1]) * (AGE_S[match[2] ?? "d"] ?? 1);
}

/** What is unknown, on either side, matches nothing. */
function compare(have: number | undefined, operator: Operator, want: number | undefined): boolean {
  if (have === undefined || want === undefined || Number.isNaN(want)) return false;
  switch (operator) {
    case ">":
      return have > want;
    case "<":
      return have < want;
    case ">=":
      return have >= want;
    case "<=":
      return have <= want;
    case ":":
    case "=":
      return have === want;
    default:
      return operator satisfies never;
  }
}
