/** Storage ids, volume ids, sizes and paths. */
import { byPattern, byTest, type FormatCheck, oneOfWords } from "./format.ts";
import { idMapCheck, isAddress, isIPv4, isIPv6 } from "./network.ts";

/** An id of letters, digits and `-_.` that starts with a letter and has at least two characters. */
function idCheck(noun: string): FormatCheck {
  return (value) => {
    if ([...value].length < 2) return `${noun} ID '${value}' cannot be shorter than 2 characters`;
    return /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i.test(value)
      ? undefined
      : `${noun} ID '${value}' contains illegal characters`;
  };
}

const storageId = idCheck("storage");
const VOLUME_ID = /^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i;
const isVolumeId = (value: string): boolean => VOLUME_ID.test(value);
const NO_VOLUME = "unable to parse volume ID '{v}'";

const CONTENT_TYPES = ["none", "images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import"];

const MAX_PATH_CHARS = 1023;
const MAX_NAME_CHARS = 255;

const dirOverride: FormatCheck = (value) => {
  // No two dots in a row and none at the end, said without a pattern that could backtrack for ever.
  const [, type, path] = /^([a-z]+)=([\s\S]+)$/.exec(value) ?? [];
  if (type === undefined || path === undefined || path.includes("..") || path.endsWith("."))
    return `invalid override '${value}'`;
  if (!CONTENT_TYPES.includes(type)) return `invalid content type '${type}'`;
  const fits = path.length < MAX_PATH_CHARS && path.split("/").every((name) => name.length < MAX_NAME_CHARS);
  return fits ? undefined : `invalid override '${value}'`;
};

/** `host`, `host:port`, `[host]`, `[host]:port`, or an IPv6 address with an optional `.port`. */
function isPortal(value: string): boolean {
  if (/^[A-Za-z0-9.-]+(?::\d+)?$/.test(value)) return true;
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/.exec(value) ?? [];
  if (bracketed !== undefined) return isIPv6(bracketed) || isIPv4(bracketed) || /^[A-Za-z0-9.-]+$/.test(bracketed);
  const [, bare] = /^(.+?)(?:\.\d+)?$/.exec(value) ?? [];
  return isIPv6(value) || (bare !== undefined && isIPv6(bare));
}

const zfsBlocksize: FormatCheck = (value) => {
  if (value === "") return undefined;
  const [, digits, unit] = /^([1-9]\d*)([km]?)$/i.exec(value) ?? [];
  if (digits === undefined) {
    return `invalid ZFS blocksize format '${value}'. Use a positive number (no leading zeros) with an optional 'k' or 'm' suffix.`;
  }
  const factor = { "": 1, k: 1024, m: 1024 * 1024 }[(unit ?? "").toLowerCase()] ?? 1;
  const bytes = Number(digits) * factor;
  const isPowerOfTwo = Number.isInteger(Math.log2(bytes));
  return isPowerOfTwo && bytes >= 512 && bytes <= 16 * 1024 * 1024
    ? undefined
    : `value '${value}' is not a valid ZFS blocksize. Must be a power of 2 between 512B and 16MiB (e.g., 4k, 8k, 16k, 64k, 1m).`;
};

export const storageFormats = {
  "acme-plugin-id": idCheck("ACME plugin"),
  "disk-size": byPattern(/^(\d+(\.\d+)?)([KMGT](?:iB)?)?$/, "value does not look like a valid disk size: {v}"),
  "pve-dir-override": dirOverride,
  "pve-storage-content": oneOfWords(CONTENT_TYPES, "invalid content type '{v}'"),
  "pve-storage-format": oneOfWords(["raw", "qcow2", "vmdk", "subvol"], "invalid format '{v}'"),
  "pve-storage-id": storageId,
  "pve-storage-options": byPattern(/^\S+$/, "invalid options '{v}'"),
  "pve-storage-path": byPattern(/^\/[^;()]+/, "value does not look like a valid absolute path"),
  "pve-storage-path-in-property-string": byPattern(
    /^\/[^;,=()]+/,
    "Value does not look like a valid absolute path. These symbols are currently not allowed in path: ;,=()",
  ),
  "pve-storage-portal-dns": byTest(isPortal, "value does not look like a valid portal address"),
  "pve-storage-server": byTest(isAddress, "value does not look like a valid server name or IP address"),
  "pve-storage-vgname": byPattern(/^[a-z0-9][a-z0-9\-_.]*[a-z0-9]$/i, "lvm name '{v}' contains illegal characters"),
  "pve-storage-zfs-blocksize": zfsBlocksize,
  "pve-volume-id": byTest(isVolumeId, NO_VOLUME),
  "pve-volume-id-or-absolute-path": byTest((v) => v.startsWith("/") || isVolumeId(v), NO_VOLUME),
  "pve-volume-id-or-qm-path": byTest(
    (v) => v === "none" || v === "cdrom" || v.startsWith("/") || isVolumeId(v),
    NO_VOLUME,
  ),
  "storage-pair": idMapCheck(storageId),
} satisfies Record<string, FormatCheck>;
