import { type ReactNode, useEffect, useRef, useState } from "react";
import { Failure } from "../parts/failure.tsx";
import { Icon } from "../parts/icon.tsx";
import { t } from "../text/t.ts";
import { useCall } from "../use-call.ts";

const LINES = 500;
const REFRESH_MS = 3_000;

export function NodeLog({ node }: { readonly node: string }): ReactNode {
  const { data, error, reload } = useCall(
    "/nodes/{node}/journal",
    { node, lastentries: LINES },
    { everyMs: REFRESH_MS },
  );
  const [text, setText] = useState("");
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  // The first and the last entry are places in the log, not lines.
  const lines = (data ?? []).slice(1, -1).filter((line) => line.toLowerCase().includes(text.toLowerCase()));
  const last = lines.at(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new last line is what there is to follow
  useEffect(() => {
    if (follows.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [last]);
  return (
    <section className="card" style={{ marginTop: 16 }}>
      <div className="tb">
        <div className="filter">
          <Icon name="search" className="faint" />
          <input
            aria-label={t("log.filter")}
            placeholder={t("log.filter")}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
      </div>
      {error === undefined ? null : <Failure what={t("log.failed")} error={error} onRetry={reload} />}
      <pre
        ref={box}
        className="logview"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the log scrolls, so the keyboard has to reach it
        tabIndex={0}
        role="log"
        aria-label={t("tab.log")}
        aria-live="off"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          follows.current = scrollTop + clientHeight >= scrollHeight - 8;
        }}
      >
        {lines.length === 0 && data !== undefined ? t("log.none") : lines.join("\n")}
      </pre>
    </section>
  );
}
