/** Argument vectors as shell text and back. */
import { BuildError } from "./build-error.ts";

const PLAIN = /^[A-Za-z0-9_!%+,\-./:@^]+$/;

/** One argument as a shell would have to be given it. */
export function quoteArgument(argument: string): string {
  if (PLAIN.test(argument)) return argument;
  return `'${argument.replaceAll("'", `'"'"'`)}'`;
}

/** @param isPretty one option a line, continued by backslashes. */
export function showCommand(argv: readonly string[], isPretty = false): string {
  const text = argv.map(quoteArgument).join(" ");
  return isPretty ? text.replaceAll(/ -(?=\S)/g, " \\\n  -") : text;
}

/** Splits like a shell: blanks outside quotes, single and double quotes, backslashes. @throws BuildError at an open quote. */
export function splitShell(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote === undefined && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === undefined && (char === "'" || char === '"')) {
      quote = char;
      word ??= "";
    } else if (char === quote) quote = undefined;
    else if (char === "\\" && quote !== "'" && at + 1 < text.length) {
      at += 1;
      word = (word ?? "") + text.charAt(at);
    } else word = (word ?? "") + char;
  }
  if (quote !== undefined) throw new BuildError(`cannot split '${text}': a quote is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}
