/** The parameter check of a method, compiled on its first call. */
import { compileObject, ErrorList, type ObjectCheck, type Values } from "./check.ts";
import type { Method } from "./method.ts";
import type { Properties, Schema } from "./schema.ts";

export type ParameterVerdict =
  | { readonly ok: true; readonly value: Record<string, unknown> }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> };

export type ParameterCheck = (raw: Values) => ParameterVerdict;

/** What of a method decides about its parameters. */
export type ParameterSchema = Pick<
  Method,
  "parameters" | "additionalProperties" | "parameters_allOf" | "parameters_oneOf"
>;

export function compileParameters(method: ParameterSchema): ParameterCheck {
  const allowsUnknown = method.additionalProperties === 1;
  const parts = [...(method.parameters_allOf ?? []), ...(method.parameters_oneOf ?? [])];
  const check = parts.length === 0 ? compileObject(method.parameters, { allowsUnknown }) : compileParts(parts);
  const typed = Object.entries(method.parameters).filter(([, schema]) => schema["instance-types"] !== undefined);
  return (raw) => {
    const errors = new ErrorList();
    const value = check(raw, "", errors);
    for (const [name, schema] of typed) if (raw[name] !== undefined) checkInstanceType(name, schema, raw, errors);
    return errors.isEmpty ? { ok: true, value } : { ok: false, errors: errors.toRecord() };
  };
}

/** A property that only some section types have is refused when another type is given. */
function checkInstanceType(name: string, schema: Schema, raw: Values, errors: ErrorList): void {
  const type = raw[schema["type-property"] ?? "type"];
  if (type === undefined || schema["instance-types"]?.includes(String(type)) !== false) return;
  errors.add(name, `property is not defined for type '${String(type)}'`);
}

interface Part {
  readonly properties?: Properties;
  readonly "type-property"?: string;
  readonly "type-property-schema"?: Schema;
  readonly oneOf?: readonly { readonly "instance-type"?: string; readonly properties?: Properties }[];
}

/** Parts of a declaration that add up; which branch of a `oneOf` counts depends on the request's type parameter. */
function compileParts(parts: readonly unknown[]): ObjectCheck {
  const compiled = new Map<string, ObjectCheck>();
  // The declarations come from the API description, whose form this is.
  const known = parts as readonly Part[];
  const typeProperty = known.find((part) => part["type-property"] !== undefined)?.["type-property"] ?? "type";
  return (raw, prefix, errors) => {
    const type = String(raw[typeProperty] ?? "");
    let check = compiled.get(type);
    if (check === undefined) {
      check = compileObject(propertiesFor(known, typeProperty, type), { allowsUnknown: false });
      // An unknown type is the client's: it must not make the table grow.
      if (known.some((part) => part.oneOf?.some((branch) => branch["instance-type"] === type)))
        compiled.set(type, check);
    }
    return check(raw, prefix, errors);
  };
}

function propertiesFor(parts: readonly Part[], typeProperty: string, type: string): Properties {
  const properties: Record<string, Schema> = {};
  for (const part of parts) {
    Object.assign(properties, part.properties);
    const typeSchema = part["type-property-schema"];
    if (typeSchema !== undefined) properties[typeProperty] = typeSchema;
    for (const branch of part.oneOf ?? []) {
      if (branch["instance-type"] === type) Object.assign(properties, branch.properties);
    }
  }
  return properties;
}
