/** `t("guests.count", { n: 3 })`: the text of a key in the interface's language. */
import { messages } from "./en/messages.ts";
import { fillMessage, type MessageValue, parseMessage } from "./message-format.ts";

export type MessageKey = keyof typeof messages;
export type MessageValues = Readonly<Record<string, MessageValue>>;

const plural = new Intl.PluralRules("en");
const parsed = new Map<string, ReturnType<typeof parseMessage>>();

/** The texts and drawn values of a message, in order. */
export function fill<V>(key: MessageKey, values: Readonly<Record<string, V | MessageValue>>): (V | MessageValue)[] {
  let parts = parsed.get(key);
  if (parts === undefined) {
    parts = parseMessage(messages[key]);
    parsed.set(key, parts);
  }
  return fillMessage(parts, values, plural);
}

export function t(key: MessageKey, values: MessageValues = {}): string {
  return fill<MessageValue>(key, values).join("");
}
