/** What a person set for this browser. */
import { ValueStore } from "./store/value-store.ts";

export type ThemeChoice = "light" | "dark" | "auto";
export type TreeGrouping = "node" | "pool" | "tag";

type Kept = Pick<Storage, "getItem" | "setItem">;

const THEMES: readonly string[] = ["light", "dark", "auto"];
const GROUPINGS: readonly string[] = ["node", "pool", "tag"];

export class Preferences {
  readonly theme: ValueStore<ThemeChoice>;
  readonly treeGrouping: ValueStore<TreeGrouping>;
  readonly isRailFolded: ValueStore<boolean>;
  readonly areSingleKeysOn: ValueStore<boolean>;
  readonly realm: ValueStore<string | undefined>;
  readonly #kept: Kept;

  constructor(kept: Kept) {
    this.#kept = kept;
    const theme = this.#read("theme");
    const grouping = this.#read("tree");
    this.theme = this.#store("theme", THEMES.includes(theme ?? "") ? (theme as ThemeChoice) : "auto");
    this.treeGrouping = this.#store("tree", GROUPINGS.includes(grouping ?? "") ? (grouping as TreeGrouping) : "node");
    this.isRailFolded = this.#store("rail-folded", this.#read("rail-folded") === "true");
    this.areSingleKeysOn = this.#store("single-keys", this.#read("single-keys") !== "false");
    this.realm = this.#store("realm", this.#read("realm"));
  }

  #store<T extends string | boolean | undefined>(name: string, initial: T): ValueStore<T> {
    const store = new ValueStore<T>(initial);
    store.subscribe(() => {
      try {
        this.#kept.setItem(`quorate.${name}`, String(store.value));
      } catch {
        // Storage may be full or off: it holds for this page then.
      }
    });
    return store;
  }

  #read(name: string): string | undefined {
    try {
      return this.#kept.getItem(`quorate.${name}`) ?? undefined;
    } catch {
      // Storage may be off: the default then.
      return undefined;
    }
  }
}
