/** What the search box finds, best first: exact id, beginning of the name, tag, within, scattered letters. */
export interface Candidate {
  readonly key: string;
  readonly title: string;
  /** Other words that it is found by: id, tags, node. */
  readonly words: readonly string[];
  readonly kind: "guest" | "node" | "storage" | "page" | "action" | "task";
}

export interface Hit<C extends Candidate> {
  readonly candidate: C;
  readonly score: number;
}

const KIND_BONUS: Readonly<Record<Candidate["kind"], number>> = {
  guest: 5,
  node: 4,
  storage: 3,
  page: 2,
  action: 1,
  task: 0,
};

/** Every word of the query has to be found somewhere. @returns undefined when one is not. */
export function scoreOf(candidate: Candidate, query: string): number | undefined {
  const parts = query
    .toLowerCase()
    .split(/\s+/)
    .filter((part) => part !== "");
  const title = candidate.title.toLowerCase();
  const words = candidate.words.map((word) => word.toLowerCase());
  let total = 0;
  for (const part of parts) {
    const score = Math.max(scoreText(title, part, 1), ...words.map((word) => scoreText(word, part, 0.9)));
    if (score <= 0) return undefined;
    total += score;
  }
  return total + KIND_BONUS[candidate.kind];
}

function scoreText(text: string, part: string, weight: number): number {
  if (text === part) return 100 * weight;
  if (text.startsWith(part)) return 80 * weight;
  const at = text.indexOf(part);
  if (at > 0) return (/[\s\-_./:]/.test(text[at - 1] ?? "") ? 60 : 40) * weight;
  return part.length > 1 && isScattered(text, part) ? 15 * weight : 0;
}

/** Whether the letters come in this order, with others between them. */
function isScattered(text: string, part: string): boolean {
  let at = 0;
  for (const letter of part) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

export function rank<C extends Candidate>(candidates: Iterable<C>, query: string, limit: number): readonly C[] {
  const hits: Hit<C>[] = [];
  for (const candidate of candidates) {
    const score = scoreOf(candidate, query);
    if (score !== undefined) hits.push({ candidate, score });
  }
  hits.sort((a, b) => b.score - a.score || a.candidate.title.localeCompare(b.candidate.title, "en", { numeric: true }));
  return hits.slice(0, limit).map(({ candidate }) => candidate);
}
