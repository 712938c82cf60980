/** The list rule of the API: every text that holds several values is split by it, in parameters and config files alike. */

/**
 * Splits on NUL alone when the text has one, else on commas, semicolons and white space, of which runs count once.
 * Pure; an empty text gives an empty list.
 */
export function splitList(text: string): string[] {
  const items = text.includes("\0") ? text.split("\0") : text.split(/[,;\s]+/);
  return items.filter((item) => item !== "");
}
