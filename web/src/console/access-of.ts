import { type Access, socketUrl } from "./connection.ts";

/** @param answer of a call that opens a console's proxy */
export function accessOf(answer: unknown, path: string): Access {
  const { ticket, user, port, password } = answer as Readonly<Record<string, unknown>>;
  const text = String(ticket ?? "");
  return {
    url: socketUrl(path, String(port ?? ""), text),
    user: String(user ?? ""),
    ticket: text,
    password: typeof password === "string" ? password : undefined,
  };
}
