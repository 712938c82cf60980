/** Values such as `virtio=BC:24:…,bridge=vmbr0` or `local:100/disk.raw,size=32G`: items in order, the first may have no key. */
export interface PropertyItems {
  /** The value without a key. */
  readonly head: string | undefined;
  readonly items: ReadonlyMap<string, string>;
}

export function parseItems(text: string): PropertyItems {
  let head: string | undefined;
  const items = new Map<string, string>();
  for (const part of text.split(",")) {
    const at = part.indexOf("=");
    if (at === -1) head ??= part.trim();
    else items.set(part.slice(0, at).trim(), part.slice(at + 1));
  }
  return { head, items };
}

/** Undefined takes an item out. */
export function withItem({ head, items }: PropertyItems, key: string, value: string | undefined): PropertyItems {
  const next = new Map(items);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return { head, items: next };
}

export function printItems({ head, items }: PropertyItems): string {
  const rest = [...items].map(([key, value]) => `${key}=${value}`);
  return (head === undefined ? rest : [head, ...rest]).join(",");
}
