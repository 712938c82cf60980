import { describe, expect, test } from "vitest";
import { ApiClient, encodeForm, fillPath } from "./client.ts";
import { ApiError, failureKind } from "./errors.ts";

function clientAnswering(status: number, body: string, statusText = "") {
  const seen: { url: string; init: RequestInit }[] = [];
  let logins = 0;
  const client = new ApiClient({
    fetch: async (url, init) => {
      seen.push({ url: String(url), init: init ?? {} });
      return new Response(body, { status, statusText });
    },
    csrfToken: () => "token",
    onLoginNeeded: () => {
      logins += 1;
    },
  });
  return { client, seen, logins: () => logins };
}

describe("a call", () => {
  test("puts path parameters into the path, encoded", () => {
    expect(fillPath("/storage/{storage}/content/{volume}", { storage: "a", volume: "a:iso/x.iso", x: 1 })).toEqual({
      path: "/storage/a/content/a%3Aiso%2Fx.iso",
      rest: { x: 1 },
    });
  });

  test("sends booleans as 0 and 1, repeats lists and leaves undefined out", () => {
    expect(encodeForm({ a: true, b: [1, 2], c: undefined, d: "x y" }).toString()).toBe("a=1&b=1&b=2&d=x+y");
  });

  test("reads with a query and without a token", async () => {
    const { client, seen } = clientAnswering(200, '{"data":[1]}');
    expect(await client.get("/cluster/resources", { type: "vm" })).toEqual([1]);
    expect(seen[0]?.url).toBe("/api2/json/cluster/resources?type=vm");
    expect(seen[0]?.init.headers).toEqual({});
  });

  test("writes with the token", async () => {
    const { client, seen } = clientAnswering(200, '{"data":null}');
    await client.put("/access/password", { userid: "a@pve", password: "secret" });
    expect(seen[0]?.init.headers).toEqual({ CSRFPreventionToken: "token" });
    expect(String(seen[0]?.init.body)).toBe("userid=a%40pve&password=secret");
  });

  test("that is refused tells the texts by parameter", async () => {
    const { client } = clientAnswering(
      400,
      '{"data":null,"message":"Parameter verification failed.\\n","errors":{"name":"bad\\n"}}',
    );
    const error = await client.get("/version", {}).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 400, message: "Parameter verification failed.", fields: { name: "bad" } });
  });

  test("without a body fails with the reason phrase", async () => {
    const { client } = clientAnswering(403, "", "Permission check failed");
    await expect(client.get("/version", {})).rejects.toMatchObject({ message: "Permission check failed" });
  });

  test("asks for a login when that is over, but not because a password is wrong", async () => {
    const over = clientAnswering(401, "");
    await expect(over.client.get("/version", {})).rejects.toThrow();
    expect(over.logins()).toBe(1);
    const wrong = clientAnswering(401, "");
    await expect(wrong.client.post("/access/ticket", { username: "a@pve", password: "x" })).rejects.toThrow();
    expect(wrong.logins()).toBe(0);
  });
});

test.each([
  [401, "No ticket", "login"],
  [500, "cluster not ready - no quorum?", "quorum"],
  [500, "VM is locked (backup)", "locked"],
  [500, "detected modified configuration - file changed by other user? Try again.", "changed"],
  [595, "No route to host", "node-away"],
  [0, "the node does not answer", "unreachable"],
  [501, "not built", "not-built"],
  [500, "x", "other"],
] as const)("%d %s is a matter of: %s", (status, message, want) => {
  expect(failureKind(new ApiError(message, { status }))).toBe(want);
});
