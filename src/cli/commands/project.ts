/** Where the code lies that this command was started from: a checkout or a release. */
import { join } from "node:path";

export const PROJECT_DIR = join(import.meta.dirname, "../../..");
