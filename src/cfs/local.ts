/** The `ClusterFs` port on a replica of the same thread. */
import type { Replica } from "./replica.ts";
import { RequestClusterFs, type Transport } from "./request-client.ts";
import { RequestHandler } from "./request-handler.ts";

/** @param options.isReadOnly private files are refused, as on everyone's socket. */
export function localClusterFs(replica: Replica, options: { readonly isReadOnly?: boolean } = {}): RequestClusterFs {
  const isReadOnly = options.isReadOnly ?? false;
  const handler = new RequestHandler(replica, () => ({ isMounted: false }));
  const unlisten = new Set<() => void>();
  const transport: Transport = {
    nodeName: replica.nodeName,
    call: (request, body) =>
      new Promise((resolve) => {
        handler.handle(request, body, { isReadOnly }, (reply, replyBody) =>
          resolve(replyBody === undefined ? { reply } : { reply, body: replyBody }),
        );
        replica.flush();
      }),
    watch(listener) {
      const stop = replica.listen({
        seen() {},
        events: (events) => {
          for (const event of events) listener(event);
        },
      });
      unlisten.add(stop);
      return () => {
        unlisten.delete(stop);
        stop();
      };
    },
    async close() {
      for (const stop of unlisten) stop();
    },
  };
  return new RequestClusterFs(transport);
}
