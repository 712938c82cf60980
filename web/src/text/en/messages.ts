/** All texts of the interface in English. Keys are typed; see message-format.ts for the syntax. */
import { accessMessages } from "./access.ts";
import { guestMessages } from "./guests.ts";
import { nodeMessages } from "./nodes.ts";
import { shellMessages } from "./shell.ts";
import { taskMessages } from "./tasks.ts";

export const messages = { ...shellMessages, ...guestMessages, ...nodeMessages, ...taskMessages, ...accessMessages };
