/** The filter: whole terms become chips, what is being typed stays text; keys and values complete. */
import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useState } from "react";
import { useInventory } from "../app-context.tsx";
import { Icon } from "../parts/icon.tsx";
import { t } from "../text/t.ts";
import { completions, splitTerms } from "./filter-terms.ts";

interface FilterBoxProps {
  readonly ref: RefObject<HTMLInputElement | null>;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function FilterBox({ ref, value, onChange }: FilterBoxProps): ReactNode {
  // What is typed now, apart from the chips; the whole of both is the filter.
  const [chips, setChips] = useState<readonly string[]>(() => splitTerms(value).terms);
  const [typed, setTyped] = useState(() => splitTerms(value).rest);
  const whole = [...chips, typed].filter((part) => part !== "").join(" ");
  // biome-ignore lint/correctness/useExhaustiveDependencies: own changes come back as the same value
  useEffect(() => {
    if (value === whole) return;
    const { terms, rest } = splitTerms(value);
    setChips(terms);
    setTyped(rest);
    // The address changed from elsewhere: a view, or the way back.
  }, [value]);

  const facts = useInventory(({ guests, nodes }) => ({
    node: [...nodes.keys()],
    tag: [...new Set([...guests.values()].flatMap(({ tags }) => tags))],
    pool: [...new Set([...guests.values()].flatMap(({ pool }) => pool ?? []))],
  }));
  const change = (nextChips: readonly string[], nextTyped: string): void => {
    setChips(nextChips);
    setTyped(nextTyped);
    onChange([...nextChips, nextTyped].filter((part) => part !== "").join(" "));
  };
  const onKey = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === "Enter" || (event.key === " " && !/[("]/.test(typed))) {
      const { terms, rest } = splitTerms(`${typed} `);
      if (terms.length > 0) {
        event.preventDefault();
        change([...chips, ...terms], rest);
      }
    } else if (event.key === "Backspace" && typed === "" && chips.length > 0) {
      event.preventDefault();
      change(chips.slice(0, -1), chips.at(-1) ?? "");
    } else if (event.key === "Escape") event.currentTarget.blur();
  };
  return (
    <div className="filter">
      <Icon name="search" className="faint" />
      {chips.map((chip, index) => (
        <span className="chip" key={chip}>
          {chip}
          <button
            type="button"
            aria-label={t("filter.remove", { term: chip })}
            onClick={() =>
              change(
                chips.filter((_, at) => at !== index),
                typed,
              )
            }
          >
            ×
          </button>
        </span>
      ))}
      <input
        ref={ref}
        aria-label={t("filter.label")}
        placeholder={chips.length === 0 ? t("filter.example") : ""}
        value={typed}
        list="filter-completions"
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onChange={(event) => change(chips, event.target.value)}
        onKeyDown={onKey}
      />
      <datalist id="filter-completions">
        {completions(typed, facts).map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
      <kbd className="hide-m">F</kbd>
    </div>
  );
}
