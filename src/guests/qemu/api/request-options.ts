/** The options among the parameters of a request. */
import { parameterError } from "../../../rest/errors.ts";
import { splitList } from "../../../rest/split-list.ts";
import { requestOption } from "../schema/options.ts";

/** Names of parameters that are no options of the VM, though an option may have the same name elsewhere. */
const CONTROL = new Set(
  "node vmid archive bwlimit force ha-managed import-working-storage live-restore pool start storage unique digest delete revert skiplock background_delay".split(
    " ",
  ),
);

/**
 * The VM's options among checked parameters, as text in their stored form. Drives stay as requested.
 * @throws ApiError 400 for a text that would break the file.
 */
export function optionsOf(params: Readonly<Record<string, unknown>>): Record<string, string> {
  const options: Record<string, string> = {};
  const errors: Record<string, string> = {};
  for (const [key, value] of Object.entries(params)) {
    if (CONTROL.has(key) || value === undefined || requestOption(key) === undefined) continue;
    const text = typeof value === "boolean" ? (value ? "1" : "0") : String(value);
    // A line of the file is one option, so a line break would smuggle in another one.
    if (key !== "description" && /[\r\n\0]/.test(text)) errors[key] = "value must not contain line breaks";
    options[key === "cdrom" ? "ide2" : key] = text;
  }
  if (params.cdrom !== undefined && params.ide2 !== undefined) {
    errors.cdrom = "cannot be set together with 'ide2'";
  }
  if (Object.keys(errors).length > 0) throw parameterError(errors);
  return options;
}

/** @throws ApiError 400 when a boot order names a device that the VM will not have. */
export function checkBootOrder(boot: string | undefined, future: Readonly<Record<string, string>>): void {
  const [, order = ""] = /(?:^|,)order=([^,]*)/.exec(boot ?? "") ?? [];
  const missing = splitList(order).find((device) => !Object.hasOwn(future, device));
  if (missing !== undefined) throw parameterError({ boot: `invalid bootorder: device '${missing}' does not exist` });
}
