/** A part that broke shows its frame and a way on; the rest of the page stays. */
import { Component, type ErrorInfo, type ReactNode } from "react";
import { t } from "../text/t.ts";

interface State {
  readonly error: Error | undefined;
}

export class CrashFrame extends Component<{ readonly children: ReactNode }, State> {
  override readonly state: State = { error: undefined };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error("a part of the page broke", error, info.componentStack);
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    // A part that a new release no longer has: the whole page has to come anew.
    const isOutdated = /dynamically imported module|Importing a module/i.test(error.message);
    return (
      <section className="card crash" role="alert">
        <b className="strong">{t(isOutdated ? "crash.outdated" : "crash.title")}</b>
        <code>{error.message}</code>
        <button
          type="button"
          className="btn"
          onClick={() => (isOutdated ? location.reload() : this.setState({ error: undefined }))}
        >
          {t("crash.reload")}
        </button>
      </section>
    );
  }
}
