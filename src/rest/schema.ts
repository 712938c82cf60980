/**
 * The schema dialect in which methods, property strings and config files are described, and the TypeScript types that
 * follow from it. Keyword names and the 0/1 spelling of flags are those of the API description that clients read.
 */

export interface Schema {
  readonly type?: "string" | "integer" | "number" | "boolean" | "object" | "array" | "null";
  /** One sentence for people; shown in help, OpenAPI and the reference page. */
  readonly description?: string;
  /** A longer text for people. */
  readonly verbose_description?: string;
  /** What a value looks like in usage texts, e.g. `<storage>:<size>`. */
  readonly typetext?: string;
  readonly optional?: 0 | 1;
  /** Documentation unless it passes its own schema. Never filled in by the dispatcher. */
  readonly default?: string | number | null;
  /** In property strings: the key that a bare value belongs to. */
  readonly default_key?: 0 | 1;
  /** Null where the description has the keyword without values: then the method checks by itself. */
  readonly enum?: readonly (string | number)[] | null;
  /** A named format, or the properties of a property string. */
  readonly format?: string | Properties;
  /** Anchored at both ends. */
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Name of a parameter that must then be given too. */
  readonly requires?: string;
  readonly items?: Schema;
  readonly properties?: Properties;
  readonly additionalProperties?: 0 | 1 | Schema;
  /** First and last number of an indexed family whose name is written `net[n]`. */
  readonly index?: readonly [number, number];
  readonly alias?: string;
  readonly keyAlias?: string;
  readonly links?: readonly { readonly rel: string; readonly href: string }[];
  /** Section types in which a property exists, and the schema per type. */
  readonly "instance-types"?: readonly string[];
  readonly "type-property"?: string;
  readonly oneOf?: readonly Schema[];
  readonly renderer?: string;
  /** Remaining documentation keywords (`format_description`, `title`, `print-width`…). */
  readonly [documentation: string]: unknown;
}

export interface Properties {
  readonly [name: string]: Schema;
}

type ScalarOf<S extends Schema> = S extends { readonly type: "boolean" }
  ? boolean
  : S extends { readonly type: "integer" | "number" }
    ? number
    : S extends { readonly type: "string"; readonly enum: readonly (infer E extends string)[] }
      ? E
      : S extends { readonly type: "string" }
        ? string
        : S extends { readonly type: "array"; readonly items: infer I extends Schema }
          ? ScalarOf<I>[]
          : S extends { readonly type: "array" }
            ? unknown[]
            : unknown;

type FamilyKey<K> = K extends `${infer Stem}[n]` ? `${Stem}${number}` : never;

/** The checked parameters as a handler sees them: numbers and booleans converted, families as literal names. */
export type ParamsOf<P extends Properties> = {
  readonly [K in keyof P as K extends `${string}[n]`
    ? never
    : P[K] extends { readonly optional: 1 }
      ? never
      : K]: ScalarOf<P[K]>;
} & {
  readonly [K in keyof P as K extends `${string}[n]` ? never : P[K] extends { readonly optional: 1 } ? K : never]?:
    | ScalarOf<P[K]>
    | undefined;
} & {
  readonly [K in keyof P as FamilyKey<K>]?: ScalarOf<P[K]> | undefined;
};
