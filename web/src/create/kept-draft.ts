/** The draft is kept in this browser until it is made or thrown away. */
import { type Draft, EMPTY_DRAFT } from "./draft.ts";

const KEY = "quorate.draft.vm";

/** @param preset fields from the address, which win */
export function loadDraft(preset: URLSearchParams): Draft {
  let kept: Record<string, unknown> = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, unknown>;
  } catch {
    // Storage may be off or hold something else: an empty form then.
  }
  const draft: Record<string, string | boolean> = { ...EMPTY_DRAFT };
  for (const [field, standard] of Object.entries(EMPTY_DRAFT)) {
    const value: unknown = preset.get(field) ?? kept[field];
    if (typeof standard === "boolean" && (typeof value === "boolean" || typeof value === "string"))
      draft[field] = value === true || value === "1";
    else if (typeof standard === "string" && typeof value === "string") draft[field] = value;
  }
  if (draft.start !== "empty") draft.start = "iso";
  return draft as unknown as Draft;
}

export function keepDraft(draft: Draft | undefined): void {
  try {
    if (draft === undefined) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // Without storage the draft lives as long as the page.
  }
}
