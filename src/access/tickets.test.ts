import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  csrfSecret,
  isFreshConsole,
  isFreshLogin,
  issueCsrfToken,
  issueTicket,
  openTicket,
  type TicketKeys,
  verifyCsrfToken,
} from "./tickets.ts";

function newKey(): { privateKey: KeyObject; key: KeyObject } {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  return {
    privateKey: createPrivateKey(privateKey.export({ type: "pkcs1", format: "pem" })),
    key: createPublicKey(privateKey),
  };
}

const NOW = 1_800_000_000;
const current = newKey();
const previous = newKey();
const stranger = newKey();
const keys: TicketKeys = {
  current: { key: current.key, since: NOW - 600 },
  previous: { key: previous.key, since: NOW - 600 },
};

describe("tickets", () => {
  test("a ticket has the form PREFIX:DATA:HEXTIME::SIGNATURE and opens to what was put in", () => {
    const ticket = issueTicket(current.privateKey, { prefix: "PVE", data: "nina@pve", time: NOW });
    expect(ticket).toMatch(/^PVE:nina@pve:6B49D200::[A-Za-z0-9+/]+=*$/);
    expect(openTicket(ticket, "PVE", keys)).toEqual({ data: "nina@pve", time: NOW, isOldKey: false });
  });

  test("whatever the data and what it is bound to, a ticket opens to the same, and to nothing when bound otherwise", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (data, boundTo) => {
        const ticket = issueTicket(current.privateKey, { prefix: "PVE", data, time: NOW, boundTo });
        expect(openTicket(ticket, "PVE", keys, boundTo)?.data).toBe(data);
        expect(openTicket(ticket, "PVE", keys, `${boundTo}x`)).toBeUndefined();
        expect(openTicket(ticket, "PVE", keys)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  test("any changed character makes it worthless, and garbage never throws", () => {
    const ticket = issueTicket(current.privateKey, { prefix: "PVE", data: "nina@pve", time: NOW });
    const end = ticket.lastIndexOf("::");
    for (let at = 0; at < end; at += 1) {
      const other = ticket[at] === "A" ? "B" : "A";
      expect(openTicket(ticket.slice(0, at) + other + ticket.slice(at + 1), "PVE", keys)).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => openTicket(text, "PVE", keys) === undefined));
    fc.assert(fc.property(fc.string(), (text) => openTicket(`PVE:${text}:6B49D200::AAAA`, "PVE", keys) === undefined));
  });

  test("the key before still opens, a stranger's does not, and a prefix is not another", () => {
    const by = (privateKey: KeyObject): string => issueTicket(privateKey, { prefix: "PVE", data: "a@pve", time: NOW });
    expect(openTicket(by(previous.privateKey), "PVE", keys)?.isOldKey).toBe(true);
    expect(openTicket(by(stranger.privateKey), "PVE", keys)).toBeUndefined();
    expect(openTicket(by(previous.privateKey), "PVE", { current: keys.current })).toBeUndefined();
    expect(openTicket(by(current.privateKey), "PVEVNC", keys)).toBeUndefined();
  });

  test.each([
    { name: "just made", age: 0, fresh: true },
    { name: "from a clock five minutes ahead, less a second", age: -299, fresh: true },
    { name: "from a clock five minutes ahead", age: -300, fresh: false },
    { name: "two hours less a second, key older than that", age: 7199, fresh: true, since: 90_000 },
    { name: "two hours", age: 7200, fresh: false, since: 90_000 },
    { name: "as old as the key and the allowed skew", age: 900, fresh: true },
    { name: "older than the key that signed it", age: 901, fresh: false },
  ])("a login ticket $name: fresh is $fresh", ({ age, fresh, since = 600 }) => {
    const around: TicketKeys = { current: { key: current.key, since: NOW - since } };
    expect(isFreshLogin({ data: "a@pve", time: NOW - age, isOldKey: false }, around, NOW)).toBe(fresh);
  });

  test.each([
    { name: "signed before the change", age: 601, fresh: true },
    { name: "signed within the skew after the change", age: 301, fresh: true },
    { name: "signed later than the key could", age: 300, fresh: false },
    { name: "older than a ticket lives", age: 7200, fresh: false },
  ])("a ticket of the key before, $name: fresh is $fresh", ({ age, fresh }) => {
    expect(isFreshLogin({ data: "a@pve", time: NOW - age, isOldKey: true }, keys, NOW)).toBe(fresh);
  });

  test.each([
    [-20, false],
    [-19, true],
    [39, true],
    [40, false],
  ])("a console ticket of %i s: fresh is %s", (age, fresh) => {
    expect(isFreshConsole({ data: "", time: NOW - age, isOldKey: false }, NOW)).toBe(fresh);
  });
});

describe("CSRF tokens", () => {
  const www = "-----BEGIN RSA PRIVATE KEY-----\nxyz\n-----END RSA PRIVATE KEY-----\n";
  const token = issueCsrfToken(www, "nina@pve", NOW);

  test("a token is good for its user, its key and two hours", () => {
    expect(token).toMatch(/^6B49D200:[A-Za-z0-9+/]{43}$/);
    expect(verifyCsrfToken(token, www, "nina@pve", NOW)).toBe(true);
    expect(verifyCsrfToken(token, www, "otto@pve", NOW)).toBe(false);
    expect(verifyCsrfToken(token, `${www}x`, "nina@pve", NOW)).toBe(false);
    expect(verifyCsrfToken(token, www, "nina@pve", NOW + 7199)).toBe(true);
    expect(verifyCsrfToken(token, www, "nina@pve", NOW + 7200)).toBe(false);
    expect(verifyCsrfToken(token, www, "nina@pve", NOW - 299)).toBe(true);
    expect(verifyCsrfToken(token, www, "nina@pve", NOW - 300)).toBe(false);
  });

  test("the secret has no padding, and no other text is a token", () => {
    expect(csrfSecret(www)).toMatch(/^[A-Za-z0-9+/]{43}$/);
    fc.assert(fc.property(fc.string(), (text) => !verifyCsrfToken(text, www, "nina@pve", NOW)));
  });

  test("a signature of 27 characters is one of the older kind", () => {
    const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
    const secret = unpadded(createHash("sha1").update(www).digest());
    const legacy = unpadded(createHash("sha1").update(`6B49D200:nina@pve${secret}`).digest());
    expect(legacy).toHaveLength(27);
    expect(verifyCsrfToken(`6B49D200:${legacy}`, www, "nina@pve", NOW)).toBe(true);
    expect(verifyCsrfToken(`6B49D200:${legacy}`, www, "otto@pve", NOW)).toBe(false);
    expect(verifyCsrfToken(`6B49D201:${legacy}`, www, "nina@pve", NOW)).toBe(false);
  });
});
