import { describe, expect, test } from "vitest";
import { parseDefaults } from "./defaults-file.ts";

describe("parseDefaults", () => {
  test("reads assignments with quotes, comments and export", () => {
    const defaults = parseDefaults(
      `# hello\nLISTEN_IP="192.0.2.1" # here\nexport CIPHERS='A:B'\nCIPHERSUITES=C\nCOMPRESSION=0\nDISABLE_TLS_1_2=1\nHONOR_CIPHER_ORDER=0\nTLS_KEY_FILE=/k.pem\n`,
    );
    expect(defaults).toMatchObject({
      listenIp: "192.0.2.1",
      isCompressionOff: true,
      tlsKeyFile: "/k.pem",
      tls: { ciphers: "C:A:B", minVersion: "TLSv1.3", honorCipherOrder: false },
    });
  });

  test("an empty file changes nothing", () => {
    const { isAllowed, ...rest } = parseDefaults("");
    expect(rest).toEqual({ isCompressionOff: false, tls: { honorCipherOrder: true } });
    expect(isAllowed("192.0.2.1")).toBe(true);
  });

  test.each([
    { text: "ALLOW_FROM=10.0.0.0/8\nDENY_FROM=all\nPOLICY=allow", address: "10.1.1.1", want: true },
    { text: "ALLOW_FROM=10.0.0.0/8\nDENY_FROM=all\nPOLICY=deny", address: "10.1.1.1", want: false },
    { text: "ALLOW_FROM=10.0.0.0/8\nDENY_FROM=all", address: "192.0.2.1", want: false },
    { text: "ALLOW_FROM=10.0.0.1-10.0.0.5\nPOLICY=deny", address: "10.0.0.3", want: true },
    { text: "ALLOW_FROM=10.0.0.1-10.0.0.5\nPOLICY=deny", address: "10.0.0.6", want: false },
    { text: "ALLOW_FROM=10.0.0.1\nPOLICY=deny", address: "::ffff:10.0.0.1", want: true },
    { text: "DENY_FROM=2001:db8::/32", address: "2001:db8::1", want: false },
    { text: "DENY_FROM=2001:db8::/32", address: "10.0.0.1", want: true },
  ])("$text lets $address in: $want", ({ text, address, want }) => {
    expect(parseDefaults(text).isAllowed(address)).toBe(want);
  });

  test("a header says whose request it is, from trusted peers only", () => {
    const { realIp } = parseDefaults("PROXY_REAL_IP_HEADER=X-Real-IP\nPROXY_REAL_IP_ALLOW_FROM=10.0.0.1\n");
    expect(realIp?.header).toBe("x-real-ip");
    expect([realIp?.isTrusted("::ffff:10.0.0.1"), realIp?.isTrusted("10.0.0.2")]).toEqual([true, false]);
  });

  test.each([
    "POLICY=maybe",
    "COMPRESSION=yes",
    "ALLOW_FROM=10.0.0.0/99",
    "DENY_FROM=host",
    "DISABLE_TLS_1_2=1\nDISABLE_TLS_1_3=1",
  ])("refuses %s", (text) => {
    expect(() => parseDefaults(text)).toThrow(/POLICY|COMPRESSION|ALLOW_FROM|DENY_FROM|DISABLE_TLS/);
  });
});
