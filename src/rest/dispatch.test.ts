import { describe, expect, test, vi } from "vitest";
import { AuthenticationError } from "../access/errors.ts";
import { TEST_CSRF_TOKEN, testTicket } from "../access/port.testing.ts";
import type { Answer, ApiRequest } from "./dispatch.ts";
import { ApiError, notBuilt, parameterError } from "./errors.ts";
import { LoginLimit } from "./http/login-limit.ts";
import { defineMethod, type Method } from "./method.ts";
import { testDispatcher } from "./rest.testing.ts";

const node = { type: "string", format: "pve-node" } as const;
const vmid = { type: "integer", format: "pve-vmid", minimum: 100 } as const;
const nothing = { type: "null" } as const;
const all = { user: "all" } as const;

const methods: readonly Method[] = [
  defineMethod({
    path: "/version",
    method: "GET",
    name: "version",
    description: "",
    permissions: all,
    parameters: {},
    returns: {},
    handler: () => Object.freeze({ version: "9.2.1" }),
  }),
  defineMethod({
    path: "/access/ticket",
    method: "POST",
    name: "login",
    description: "",
    permissions: { user: "world" },
    allowtoken: 0,
    parameters: { username: { type: "string" }, password: { type: "string" } },
    returns: {},
    handler: ({ password }, call) => {
      if (password !== "right") throw new AuthenticationError("authentication failure");
      return { authid: call.authid ?? null };
    },
  }),
  defineMethod({
    path: "/nodes/{node}/qemu/{vmid}/config",
    method: "GET",
    name: "config",
    description: "",
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Audit"]] },
    parameters: { node, vmid },
    returns: {},
    handler: ({ node: at, vmid: id }) => ({ node: at, vmid: id }),
  }),
  defineMethod({
    path: "/nodes/{node}/qemu/{vmid}/config",
    method: "PUT",
    name: "update",
    description: "",
    proxyto: "node",
    protected: 1,
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Config.Options"]] },
    parameters: { node, vmid },
    returns: nothing,
    handler: () => undefined,
  }),
  defineMethod({
    path: "/echo",
    method: "POST",
    name: "echo",
    description: "",
    permissions: all,
    parameters: {
      a: { type: "string", optional: 1 },
      n: { type: "integer", optional: 1 },
      l: { type: "array", optional: 1 },
    },
    returns: {},
    handler: (params) => params,
  }),
  defineMethod({
    path: "/fail/{how}",
    method: "GET",
    name: "fail",
    description: "",
    permissions: all,
    parameters: { how: { type: "string" } },
    returns: {},
    handler: ({ how }) => {
      switch (how) {
        case "missing":
          throw new ApiError(404, "no such thing");
        case "unbuilt":
          throw notBuilt("storage type 'rbd'");
        case "parameter":
          throw parameterError({ disk: "is busy" });
        case "late":
          return Promise.reject(new Error("first line\nsecond line"));
        default:
          throw new TypeError("a bug");
      }
    },
  }),
  defineMethod({
    path: "/list",
    method: "GET",
    name: "list",
    description: "",
    permissions: all,
    parameters: {},
    returns: {},
    handler: (_, call) => {
      call.setTotal(7);
      call.setChanges("a\n");
      return [1];
    },
  }),
  defineMethod({
    path: "/root",
    method: "GET",
    name: "root",
    description: "",
    parameters: {},
    returns: nothing,
    handler: () => undefined,
  }),
  defineMethod({
    path: "/checked",
    method: "GET",
    name: "checked",
    description: "",
    permissions: all,
    parameters: {},
    returns: nothing,
    handler: (_, call) => call.check("/vms/100", ["VM.Audit", "VM.PowerMgmt"]),
  }),
];

const rights = { "nina@pve": { "/vms": ["VM.Audit"] }, "nina@pve!ci": {} };

function request(verb: string, url: string, given: Partial<ApiRequest> & { readonly body?: string } = {}): ApiRequest {
  const { body, ...rest } = given;
  return {
    verb,
    url,
    cookie: `PVEAuthCookie=${encodeURIComponent(testTicket("nina@pve"))}`,
    authorization: undefined,
    csrfToken: TEST_CSRF_TOKEN,
    contentType: body === undefined ? undefined : "application/x-www-form-urlencoded",
    hasBody: body !== undefined,
    clientAddress: "192.0.2.1",
    isForwarded: false,
    connection: {},
    readBody: async () => Buffer.from(body ?? ""),
    signal: () => new AbortController().signal,
    ...rest,
  };
}

const { dispatcher } = testDispatcher({ methods, rights });

async function ask(verb: string, url: string, given?: Parameters<typeof request>[2]): Promise<string> {
  return show(await dispatcher.dispatch(request(verb, url, given)));
}

function show({ reply }: Answer): string {
  switch (reply.kind) {
    case "bare":
      return `${reply.status} ${reply.reason} | ${reply.body}`;
    case "text":
      return `${reply.status} ${reply.reason} | ${reply.text}`;
    case "forward":
      return `forward to ${reply.node ?? "daemon"}`;
    default:
      return reply.kind;
  }
}

const anonymous = { cookie: undefined, authorization: undefined };
const denied = "Permission check failed";

describe("the order of checks", () => {
  test.each([
    { name: "no format", verb: "GET", url: "/api2/", given: anonymous, want: "501 no such uri | no such uri" },
    {
      name: "malformed format",
      verb: "GET",
      url: "/api2/JSON/version",
      given: anonymous,
      want: "501 no such uri | no such uri",
    },
    {
      name: "a verb that is none of the four",
      verb: "PATCH",
      url: "/api2/json/version",
      given: anonymous,
      want: "501 method 'PATCH' not available | ",
    },
    {
      name: "login before an unknown format",
      verb: "GET",
      url: "/api2/xyz/version",
      given: anonymous,
      want: "401 No ticket | ",
    },
    {
      name: "login before an unknown path",
      verb: "GET",
      url: "/api2/json/nope",
      given: anonymous,
      want: "401 No ticket | ",
    },
    {
      name: "a bad ticket",
      verb: "GET",
      url: "/api2/json/version",
      given: { cookie: "PVEAuthCookie=x" },
      want: "401 Authentication failed! | ",
    },
    {
      name: "unknown format",
      verb: "GET",
      url: "/api2/xyz//version/",
      given: {},
      want: "501 no formatter for uri /version, xyz | no formatter for uri /version, xyz",
    },
    {
      name: "no CSRF token",
      verb: "POST",
      url: "/api2/json/echo",
      given: { csrfToken: undefined },
      want: "401 Permission denied - invalid csrf token | ",
    },
    {
      name: "broken JSON before an unknown path",
      verb: "POST",
      url: "/api2/json/nope",
      given: { body: "{", contentType: "application/json" },
      want: /^500 cannot decode the request body: it is not JSON /,
    },
    {
      name: "another content type",
      verb: "POST",
      url: "/api2/json/echo",
      given: { body: "x", contentType: "text/xml" },
      want: "506 upload 'Content-Type 'text/xml' not implemented | ",
    },
    {
      name: "unknown path",
      verb: "GET",
      url: "/api2/json/nope",
      given: {},
      want: '501 Method \'GET /nope\' not implemented | {"data":null,"message":"Method \'GET /nope\' not implemented"}',
    },
    {
      name: "unknown verb of a path",
      verb: "DELETE",
      url: "/api2/json/version",
      given: {},
      want: /^501 Method 'DELETE \/version' not implemented/,
    },
    {
      name: "a conflict between path and query before the permission",
      verb: "PUT",
      url: "/api2/json/nodes/n1/qemu/100/config?vmid=101",
      given: {},
      want: /^400 Parameter verification failed\. .*"vmid"/,
    },
    {
      name: "permission before parameters",
      verb: "PUT",
      url: "/api2/json/nodes/n1/qemu/7/config",
      given: {},
      want: `403 ${denied} (/vms/7, VM.Config.Options) | {"data":null,"message":"${denied} (/vms/7, VM.Config.Options)\\n"}`,
    },
    {
      name: "permission before another node",
      verb: "PUT",
      url: "/api2/json/nodes/n2/qemu/100/config",
      given: {},
      want: /^403 /,
    },
    {
      name: "parameters",
      verb: "GET",
      url: "/api2/json/nodes/n1/qemu/7/config",
      given: {},
      want: /^400 Parameter verification failed\. \| .*"vmid":"invalid format - value does not look like a valid VM ID\\n"/,
    },
    { name: "another node", verb: "GET", url: "/api2/json/nodes/n2/qemu/100/config", given: {}, want: "forward to n2" },
    {
      name: "a loop",
      verb: "GET",
      url: "/api2/json/nodes/n2/qemu/100/config",
      given: { isForwarded: true },
      want: /^500 proxy loop detected/,
    },
    {
      name: "the name localhost",
      verb: "GET",
      url: "/api2/json/nodes/localhost/qemu/100/config",
      given: {},
      want: '200 OK | {"data":{"node":"n1","vmid":100}}',
    },
    {
      name: "root's work",
      verb: "PUT",
      url: "/api2/json/nodes/n1/qemu/100/config",
      given: { cookie: `PVEAuthCookie=${testTicket("root@pam")}` },
      want: "forward to daemon",
    },
    {
      name: "root's alone",
      verb: "GET",
      url: "/api2/json/root",
      given: {},
      want: /^403 Permission check failed \(user != root@pam\)/,
    },
    {
      name: "a check of the method's own",
      verb: "GET",
      url: "/api2/json/checked",
      given: {},
      want: /^403 Permission check failed \(\/vms\/100, VM\.PowerMgmt\)/,
    },
    {
      name: "a method that needs a ticket, called by token",
      verb: "POST",
      url: "/api2/json/access/ticket",
      given: { cookie: undefined, authorization: "PVEAPIToken=nina@pve!ci=secret" },
      want: /^403 Permission check failed \(URI '\/access\/ticket' not available with API token, need proper ticket\. \|/,
    },
  ])("$name", async ({ verb, url, given, want }) => {
    const got = await ask(verb, url, given);
    if (typeof want === "string") expect(got).toBe(want);
    else expect(got).toMatch(want);
  });
});

describe("logins", () => {
  test.each([
    {
      name: "header with a ticket",
      given: { cookie: undefined, authorization: `PVEAuthCookie=${testTicket("nina@pve")}` },
    },
    { name: "token with =", given: { cookie: undefined, authorization: "PVEAPIToken=nina@pve!ci=secret" } },
    {
      name: "token with a blank, percent-encoded",
      given: { cookie: undefined, authorization: "PVEAPIToken nina%40pve!ci=secret; x" },
    },
    { name: "cookie among others", given: { cookie: `a=b; PVEAuthCookie=${testTicket("nina@pve")}; c=d` } },
  ])("accepts a $name", async ({ given }) => {
    expect(await ask("GET", "/api2/json/version", given)).toBe('200 OK | {"data":{"version":"9.2.1"}}');
  });

  test("a token needs no CSRF token, a wrong one is refused", async () => {
    const token = { cookie: undefined, csrfToken: undefined };
    expect(await ask("POST", "/api2/json/echo", { ...token, authorization: "PVEAPIToken=nina@pve!ci=secret" })).toMatch(
      /^200/,
    );
    expect(await ask("POST", "/api2/json/echo", { ...token, authorization: "PVEAPIToken=nina@pve!ci=no" })).toMatch(
      /^401/,
    );
  });

  test("a connection's login is proved once, until rights change or the credentials are others", () => {
    let ms = 0;
    const { dispatcher: own, access } = testDispatcher({ methods, rights, dispatcher: { nowMs: () => ms } });
    const proofs = vi.spyOn(access, "authenticate");
    const connection = {};
    const get = () => own.dispatch(request("GET", "/api2/json/version", { connection }));
    get();
    get();
    expect(proofs).toHaveBeenCalledTimes(1);
    ms = 10_000;
    get();
    expect(proofs).toHaveBeenCalledTimes(2);
    access.setRights({});
    expect(get()).toMatchObject({ reply: { kind: "bare", status: 401 } });
    expect(own.dispatch(request("GET", "/api2/json/version", { connection, ...anonymous }))).toMatchObject({
      reply: { status: 401 },
    });
  });

  test("a remembered login does not stand in for a CSRF token", () => {
    const connection = {};
    dispatcher.dispatch(request("GET", "/api2/json/version", { connection }));
    expect(dispatcher.dispatch(request("POST", "/api2/json/echo", { connection, csrfToken: undefined }))).toMatchObject(
      { reply: { kind: "bare", status: 401 } },
    );
  });

  test("the daemon leaves the CSRF token to the proxy", () => {
    const { dispatcher: daemon } = testDispatcher({ methods, rights, dispatcher: { role: "daemon" } });
    expect(daemon.dispatch(request("POST", "/api2/json/echo", { csrfToken: undefined }))).toMatchObject({
      reply: { status: 200 },
    });
  });

  test("failed logins of an address are limited, and told apart from those of others", async () => {
    let ms = 0;
    const loginLimit = new LoginLimit({ windowMs: 1000, maxByAddress: 3, maxByUser: 3 }, () => ms);
    const { dispatcher: own } = testDispatcher({ methods, rights, dispatcher: { loginLimit } });
    const login = async (clientAddress: string, username: string, password: string): Promise<number> => {
      const body = `username=${username}&password=${password}`;
      const { reply, onStatus } = await own.dispatch(
        request("POST", "/api2/json/access/ticket", { ...anonymous, clientAddress, body }),
      );
      const status = reply.kind === "text" ? reply.status : 0;
      onStatus?.(status);
      return status;
    };
    expect(await login("a", "x", "wrong")).toBe(401);
    expect(await login("a", "y", "right")).toBe(200);
    expect(await login("a", "x", "wrong")).toBe(401);
    expect(await login("a", "y", "wrong")).toBe(401);
    expect(await login("a", "y", "right")).toBe(429);
    expect(await login("b", "x", "wrong")).toBe(401);
    expect(await login("c", "x", "right")).toBe(429);
    ms = 1000;
    expect(await login("a", "x", "right")).toBe(200);
  });
});

describe("parameters", () => {
  test.each([
    { name: "form", given: { body: "a=x+y%26&n=%2B4;l=1&l=2&_dc=9" }, want: { a: "x y&", n: 4, l: ["1", "2"] } },
    {
      name: "JSON",
      given: { body: '{"a":5,"n":"7","l":"x"}', contentType: "application/json;charset=utf-8" },
      want: { a: "5", n: 7, l: ["x"] },
    },
    { name: "bytes that are no UTF-8", given: { body: "a=%ff%zz" }, want: { a: "\ufffd%zz" } },
    { name: "a key without value", given: { body: "a&n=1" }, want: { n: 1 } },
  ])("come by $name", async ({ given, want }) => {
    const got = await ask("POST", "/api2/json/echo", given);
    expect(JSON.parse(got.slice("200 OK | ".length))).toEqual({ data: want });
  });

  test("the query goes before the body", async () => {
    expect(await ask("POST", "/api2/json/echo?a=query", { body: "a=body" })).toBe('200 OK | {"data":{"a":"query"}}');
  });

  test("a JSON body that is no object is refused", async () => {
    expect(await ask("POST", "/api2/json/echo", { body: "[]", contentType: "application/json" })).toMatch(
      /^500 .*not a JSON object/,
    );
  });
});

describe("replies", () => {
  test.each([
    { url: "/api2/json/list", want: '200 OK | {"data":[1],"total":7,"changes":"a\\n"}' },
    { url: "/api2/extjs/list", want: '200 OK | {"success":1,"data":[1],"total":7,"changes":"a\\n"}' },
    {
      url: "/api2/htmljs/list",
      want: "200 OK | {&quot;success&quot;:1,&quot;data&quot;:[1],&quot;total&quot;:7,&quot;changes&quot;:&quot;a\\n&quot;}",
    },
    { url: "/api2/spiceconfig/version", want: "200 OK | [virt-viewer]\nversion=9.2.1\n" },
    { url: "/api2/json/fail/missing", want: '404 no such thing | {"data":null,"message":"no such thing\\n"}' },
    { url: "/api2/json/fail/unbuilt", want: /^501 storage type 'rbd' is not implemented in this release/ },
    {
      url: "/api2/json/fail/parameter",
      want: '400 Parameter verification failed. | {"data":null,"message":"Parameter verification failed.\\n","errors":{"disk":"is busy"}}',
    },
    {
      url: "/api2/extjs/fail/parameter",
      want: '200 OK | {"success":0,"data":null,"message":"Parameter verification failed.\\n","status":400,"errors":{"disk":"is busy"}}',
    },
    { url: "/api2/json/fail/late", want: '500 first line | {"data":null,"message":"first line\\nsecond line\\n"}' },
    { url: "/api2/json/fail/bug", want: /^500 a bug/ },
    {
      url: "/api2/json/nodes",
      want: `501 Method 'GET /nodes' not implemented | {"data":null,"message":"Method 'GET /nodes' not implemented"}`,
    },
    {
      url: "/api2/extjs/nodes",
      want: `200 OK | {"success":0,"data":null,"message":"Method 'GET /nodes' not implemented","status":501}`,
    },
    { url: "/api2/json", want: /^200 OK \| {"data":\[{"subdir":"access"}/ },
    { url: "/api2/json/nodes/n1", want: '200 OK | {"data":[{"name":"qemu"}]}' },
    { url: "/api2/json/nodes/n1/qemu/100", want: '200 OK | {"data":[{"subdir":"config"}]}' },
  ])("$url", async ({ url, want }) => {
    const got = await ask("GET", url);
    if (typeof want === "string") expect(got).toBe(want);
    else expect(got).toMatch(want);
  });

  test("a URL that is asked again is checked against the rights of now", () => {
    const { dispatcher: own, access } = testDispatcher({ methods, rights });
    const get = () => own.dispatch(request("GET", "/api2/json/nodes/localhost/qemu/100/config"));
    const allowed = { reply: { status: 200, text: '{"data":{"node":"n1","vmid":100}}' } };
    expect(get()).toMatchObject(allowed);
    expect(get()).toMatchObject(allowed);
    access.setRights({ "nina@pve": {} });
    expect(get()).toMatchObject({ reply: { status: 403 } });
  });

  test("a method that returns at once is answered without a turn of the event loop", () => {
    expect(dispatcher.dispatch(request("GET", "/api2/json/version"))).not.toBeInstanceOf(Promise);
  });
});
