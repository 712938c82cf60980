/** QEMU's `key=value,key=value` arguments; a comma within a value is doubled. */
export interface Option {
  readonly key: string;
  /** Absent for a bare word, e.g. the model in `-cpu kvm64,enforce`. */
  readonly value?: string;
}

export function parseOptions(text: string): Option[] {
  // The marker cannot be part of an argument: arguments have no NUL.
  const parts = text.replaceAll(",,", "\0").split(",");
  return parts.map((part) => {
    const equals = part.indexOf("=");
    if (equals < 0) return { key: part.replaceAll("\0", ",") };
    return { key: part.slice(0, equals), value: part.slice(equals + 1).replaceAll("\0", ",") };
  });
}

export function printOptions(options: readonly Option[]): string {
  const doubled = (text: string): string => text.replaceAll(",", ",,");
  return options.map(({ key, value }) => (value === undefined ? doubled(key) : `${key}=${doubled(value)}`)).join(",");
}

export function optionValue(options: readonly Option[], key: string): string | undefined {
  return options.find((option) => option.key === key)?.value;
}
