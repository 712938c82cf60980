/** What was opened from the search box last, newest first; kept in this browser. */
const KEY = "quorate.recent";
const KEPT = 8;

export function recentKeys(): readonly string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    // Storage may be off or hold something else: nothing is recent then.
    return [];
  }
}

export function rememberRecent(key: string): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([key, ...recentKeys().filter((one) => one !== key)].slice(0, KEPT)));
  } catch {
    // Without storage nothing is recent.
  }
}
