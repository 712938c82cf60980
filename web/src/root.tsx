import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { useApp, useValue } from "./app-context.tsx";
import { ExpiredCard } from "./login/expired-card.tsx";
import { LoginPage } from "./login/login-page.tsx";
import { usePath } from "./route/navigation.tsx";
import { type Route, routeOf } from "./route/routes.ts";
import { Shell } from "./shell/shell.tsx";
import { useTheme } from "./shell/theme.ts";
import { parsePermissions } from "./store/permissions.ts";
import { forgetKnownData } from "./use-call.ts";

const Overview = lazy(async () => ({ default: (await import("./overview/overview-page.tsx")).OverviewPage }));
const Guests = lazy(async () => ({ default: (await import("./guests/guests-page.tsx")).GuestsPage }));
const Vm = lazy(async () => ({ default: (await import("./vm/vm-page.tsx")).VmPage }));
const CreateVm = lazy(async () => ({ default: (await import("./create/create-page.tsx")).CreatePage }));
const BareConsole = lazy(async () => ({ default: (await import("./vm/bare-console.tsx")).BareConsole }));
const Nodes = lazy(async () => ({ default: (await import("./nodes/nodes-page.tsx")).NodesPage }));
const Node = lazy(async () => ({ default: (await import("./nodes/node-page.tsx")).NodePage }));
const Storages = lazy(async () => ({ default: (await import("./storage/storages-page.tsx")).StoragesPage }));
const Storage = lazy(async () => ({ default: (await import("./storage/storage-page.tsx")).StoragePage }));
const Tasks = lazy(async () => ({ default: (await import("./task/tasks-page.tsx")).TasksPage }));
const Task = lazy(async () => ({ default: (await import("./task/task-page.tsx")).TaskPage }));
const Admin = lazy(async () => ({ default: (await import("./admin/admin-page.tsx")).AdminPage }));
const NotFound = lazy(async () => ({ default: (await import("./parts/not-found.tsx")).NotFound }));

export function Root(): ReactNode {
  const { session, feed, api, permissions } = useApp();
  const state = useValue(session.state);
  const route = routeOf(usePath());
  useTheme();
  const user = state.kind === "signed-in" ? state.login.user : undefined;
  const isOut = state.kind === "signed-out";

  useEffect(() => session.keepAlive(), [session]);
  useEffect(() => {
    if (isOut) return;
    feed.start();
    return () => feed.stop();
  }, [feed, isOut]);
  useEffect(() => {
    if (user === undefined) return;
    const abort = new AbortController();
    api.get("/access/permissions", {}, { signal: abort.signal }).then(
      (answer) => permissions.set(parsePermissions(answer)),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        // Without them nothing may be done, and the pages say so; signing in again asks anew.
        console.error("cannot read the permissions", error);
      },
    );
    return () => abort.abort();
  }, [api, permissions, user]);
  useEffect(() => {
    if (!isOut) return;
    forgetKnownData();
    permissions.set(undefined);
  }, [isOut, permissions]);

  if (isOut) return <LoginPage />;
  const page = <Suspense fallback={<PageSkeleton />}>{pageOf(route)}</Suspense>;
  return (
    <>
      {route.page === "bare-console" ? page : <Shell route={route}>{page}</Shell>}
      {state.kind === "expired" ? <ExpiredCard user={state.user} /> : null}
    </>
  );
}

function pageOf(route: Route): ReactNode {
  switch (route.page) {
    case "overview":
      return <Overview />;
    case "guests":
      return <Guests />;
    case "vm":
      return <Vm key={route.vmid} vmid={route.vmid} tab={route.tab} />;
    case "create-vm":
      return <CreateVm />;
    case "bare-console":
      return <BareConsole vmid={route.vmid} />;
    case "nodes":
      return <Nodes />;
    case "node":
      return <Node key={route.node} node={route.node} tab={route.tab} />;
    case "storages":
      return <Storages />;
    case "storage":
      return <Storage key={route.storage} storage={route.storage} tab={route.tab} />;
    case "tasks":
      return <Tasks />;
    case "task":
      return <Task key={route.upid} upid={route.upid} />;
    case "admin":
      return <Admin tab={route.tab} />;
    case "not-found":
      return <NotFound />;
    default:
      return route satisfies never;
  }
}

function PageSkeleton(): ReactNode {
  return (
    <div className="stack" aria-hidden="true">
      <span className="sk" style={{ width: 240, height: 24 }} />
      <span className="sk" style={{ height: 160 }} />
      <span className="sk" style={{ height: 320 }} />
    </div>
  );
}
