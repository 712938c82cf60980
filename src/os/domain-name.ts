/** The machine's DNS domain, as its resolver has it. */
import { readFileSync } from "node:fs";

/** @returns undefined when there is none. */
export function domainName(resolvConf = "/etc/resolv.conf"): string | undefined {
  let text: string;
  try {
    text = readFileSync(resolvConf, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const name = /^(?:search|domain)\s+(\S+)/m.exec(text)?.[1]?.replace(/\.$/, "");
  return name !== undefined && /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name) ? name : undefined;
}
