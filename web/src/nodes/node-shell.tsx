import { type ReactNode, useCallback } from "react";
import { useApp } from "../app-context.tsx";
import { accessOf } from "../console/access-of.ts";
import type { Access } from "../console/connection.ts";
import { Console } from "../console/console.tsx";
import { t } from "../text/t.ts";

export function NodeShell({ node }: { readonly node: string }): ReactNode {
  const { api } = useApp();
  const connect = useCallback(
    async (): Promise<Access> =>
      accessOf(await api.post("/nodes/{node}/termproxy", { node }), `/nodes/${encodeURIComponent(node)}/vncwebsocket`),
    [api, node],
  );
  return <Console kind="terminal" label={t("node.shell-of", { node })} connect={connect} off={undefined} endsForGood />;
}
