/** What a task does, in words: the type alone means nothing to most people. */
import { messages } from "../text/en/messages.ts";
import { type MessageKey, t } from "../text/t.ts";

interface TaskFacts {
  readonly type: string;
  readonly id: string;
}

/** @param name of the guest that the id stands for, where there is one */
export function taskTitle({ type, id }: TaskFacts, name: string | undefined): string {
  const key = `task.${type}`;
  const object = name ?? id;
  if (isKey(key)) return t(key, { object: object === "" ? "" : object });
  return object === "" ? type : t("task.other", { type, object });
}

function isKey(key: string): key is MessageKey {
  return Object.hasOwn(messages, key);
}
