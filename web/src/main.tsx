/** Makes the parts, joins them, and draws. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiClient } from "./api/client.ts";
import { Session } from "./api/session.ts";
import { type App, AppContext } from "./app-context.tsx";
import { Preferences } from "./preferences.ts";
import { Root } from "./root.tsx";
import { consoleLink } from "./route/routes.ts";
import { LiveFeed } from "./store/live-feed.ts";
import { TaskFollower } from "./store/task-follower.ts";
import { ValueStore } from "./store/value-store.ts";
import "./styles/index.css";

const link = consoleLink(location.pathname, location.search);
if (link !== undefined) history.replaceState(null, "", link);

const api: ApiClient = new ApiClient({
  fetch: (input, init) => fetch(input, init),
  csrfToken: () => session.csrfToken(),
  onLoginNeeded: () => session.expire(),
  onServerClock: (seconds) => feed.noteServerClock(seconds),
});
const session = new Session({ api: () => api, storage: localStorage, cookies: document, now: () => Date.now() });
const feed = new LiveFeed({
  api,
  openStream: () => new EventSource("/api2/json/cluster/events"),
  page: document,
  now: () => Date.now(),
});
const app: App = {
  api,
  session,
  feed,
  follower: new TaskFollower({ api, feed }),
  preferences: new Preferences(localStorage),
  permissions: new ValueStore<App["permissions"]["value"]>(undefined),
};

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root element");
createRoot(root).render(
  <StrictMode>
    <AppContext value={app}>
      <Root />
    </AppContext>
  </StrictMode>,
);
