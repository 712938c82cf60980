/** The user data, which all formats but one share. Pure. */
import type { CloudinitSettings } from "./settings.ts";

export function userData(settings: CloudinitSettings): string {
  const { user, password, sshKeys } = settings;
  const isRoot = user === "root";
  return lines([
    "#cloud-config",
    `hostname: ${settings.hostname}`,
    "manage_etc_hosts: true",
    `fqdn: ${settings.fqdn}`,
    ...(user === undefined ? [] : [`user: ${user}`]),
    ...(isRoot ? ["disable_root: False"] : []),
    ...(password === undefined ? [] : [`password: ${password}`]),
    ...(sshKeys.length === 0 ? [] : ["ssh_authorized_keys:", ...sshKeys.map((key) => `  - ${key}`)]),
    "chpasswd:",
    "  expire: False",
    ...(isRoot ? [] : ["users:", "  - default"]),
    ...(settings.upgradesPackages ? ["package_upgrade: true"] : []),
  ]);
}

export function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join("");
}
