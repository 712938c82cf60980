/** The configuration files that people edit by hand, and what their readers say of broken lines. */
import { parseUserConfig, USER_CONFIG } from "../access/parse-user-config.ts";
import { DOMAINS_CONFIG, parseRealms } from "../access/realms.ts";
import type { FindWarnings } from "../cfs/config-warnings.ts";
import { DATACENTER_CONFIG, readDatacenter } from "../cluster/datacenter-config.ts";
import { readStorageConfig, STORAGE_CFG } from "../storage/config.ts";

export const CONFIG_FILES: Readonly<Record<string, FindWarnings>> = {
  [USER_CONFIG]: (file) => parseUserConfig(file?.data.toString("utf8") ?? "").warnings,
  [DOMAINS_CONFIG]: (file) => parseRealms(file).file.warnings,
  [DATACENTER_CONFIG]: (file) => readDatacenter(file).warnings,
  [STORAGE_CFG]: (file) => readStorageConfig(file).warnings,
};
