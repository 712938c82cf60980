/** The first step of reading a property string: text to keys and values, before any schema check. Pure. */
import type { Properties } from "./schema.ts";

/**
 * Splits `key=value,…` with the default key and the aliases of `properties` applied.
 * @returns the values by key, or the message of the first item that is wrong.
 */
export function parseItems(properties: Properties, text: string): Record<string, string> | string {
  // Without a prototype, so that a key such as `__proto__` is a key like any other.
  const values: Record<string, string> = Object.create(null);
  /** Keys that an alias has set, e.g. `model` by `virtio=<mac>`. */
  const viaAlias = new Set<string>();
  const defaultKey = defaultKeyOf(properties);
  for (const item of text.split(",")) {
    if (item.trim() === "") continue;
    const at = item.indexOf("=");
    const given = at < 0 ? defaultKey : item.slice(0, at);
    if (given === undefined) return "value without key, but schema does not define a default key";
    const value = item.slice(at + 1);
    if (given === "" || value === "") return "missing key in comma-separated list property";
    const schema = Object.hasOwn(properties, given) ? properties[given] : undefined;
    const key = schema?.alias ?? given;
    const keyAlias = schema?.keyAlias;
    if (keyAlias !== undefined) {
      if (Object.hasOwn(values, keyAlias)) return `key alias '${keyAlias}' is already defined`;
      values[keyAlias] = given;
      viaAlias.add(keyAlias);
    }
    if (viaAlias.has(key)) return `key '${key}' is already defined (via alias)`;
    if (Object.hasOwn(values, key)) return `duplicate key in comma-separated list property: ${key}`;
    values[key] = value;
  }
  return values;
}

/** The key of a bare value. */
export function defaultKeyOf(properties: Properties): string | undefined {
  for (const name in properties) if (properties[name]?.default_key === 1) return name;
  return undefined;
}
