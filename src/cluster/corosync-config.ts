/** corosync.conf(5), as far as the API shows it. Pure. */

export interface CorosyncNode {
  readonly node: string;
  readonly [key: string]: string;
}

export interface CorosyncConfig {
  /** Settings of the section `totem`; its interfaces by number. */
  readonly totem: Readonly<Record<string, unknown>>;
  readonly nodes: readonly CorosyncNode[];
}

interface Section {
  readonly name: string;
  readonly values: Record<string, string>;
  readonly children: Section[];
}

/** Sections are `name { … }`, settings `key: value`; what is neither is skipped, as corosync's own reader does with comments. */
export function parseCorosyncConfig(text: string): CorosyncConfig {
  const root: Section = { name: "", values: {}, children: [] };
  const open: Section[] = [root];
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    const [current = root] = open.slice(-1);
    const name = /^([A-Za-z_]+)\s*\{$/.exec(line)?.[1];
    const [, key, value] = /^([A-Za-z0-9_]+):\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      const section: Section = { name, values: {}, children: [] };
      current.children.push(section);
      open.push(section);
    } else if (line === "}") {
      if (open.length > 1) open.pop();
    } else if (key !== undefined && value !== undefined) {
      current.values[key] = value;
    }
  }
  const section = (name: string): Section | undefined => root.children.find((child) => child.name === name);
  const totem = section("totem");
  const interfaces = (totem?.children ?? []).filter(({ name }) => name === "interface");
  return {
    totem: {
      ...totem?.values,
      ...(interfaces.length === 0
        ? {}
        : { interface: Object.fromEntries(interfaces.map(({ values }) => [values.linknumber ?? "0", values])) }),
    },
    nodes: (section("nodelist")?.children ?? [])
      .filter(({ name }) => name === "node")
      .map(({ values }) => ({ ...values, node: values.name ?? values.ring0_addr ?? "" })),
  };
}
