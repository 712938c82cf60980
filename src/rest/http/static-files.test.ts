import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StaticFiles } from "./static-files.ts";

let dir: string;
let server: Server;
let address: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "quorate-static-"));
  writeFileSync(join(dir, "index.html"), "<p>start</p>".repeat(200));
  const files = new StaticFiles(dir);
  server = createServer((request, response) => {
    files.serve(request, response, () => {}).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const at = server.address();
  address = typeof at === "object" && at !== null ? `http://127.0.0.1:${at.port}` : "";
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
  rmSync(dir, { recursive: true });
});

test.each(["gzip", "identity"])(
  "a file that could not be read once is read by the next request (%s)",
  async (encoding) => {
    const get = async (): Promise<number> =>
      (await fetch(`${address}/`, { headers: { "accept-encoding": encoding } })).status;
    // The files are listed at the first request.
    expect((await fetch(`${address}/assets/none.js`)).status).toBe(404);
    renameSync(join(dir, "index.html"), join(dir, "away"));
    expect(await get()).toBe(500);
    renameSync(join(dir, "away"), join(dir, "index.html"));
    expect(await get()).toBe(200);
  },
);
