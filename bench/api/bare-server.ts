/** What the API is compared with: a bare HTTPS server that answers one fixed body, in a process of its own. */
import { createServer } from "node:https";

export interface BareJob {
  readonly key: string;
  readonly cert: string;
  readonly body: string;
}

process.on("message", ({ key, cert, body }: BareJob) => {
  const server = createServer({ key, cert }, (_request, response) => {
    response.writeHead(200, {
      "Content-Type": "application/json;charset=UTF-8",
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(body);
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    process.send?.({ port: typeof address === "object" && address !== null ? address.port : 0 });
  });
});
process.on("disconnect", () => process.exit(0));
