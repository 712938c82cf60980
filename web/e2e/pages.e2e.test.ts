/** Every page, on a desk and on a phone: axe finds nothing in either theme, nothing sticks out, nothing complains. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  axeFindings,
  CHROMIUM,
  DESKTOP_WIDTH,
  type DrivenNode,
  goWithin,
  heightFor,
  launchBrowser,
  nodeToDrive,
  openSession,
  PHONE_WIDTH,
  type Session,
  signIn,
} from "./browser.testing.ts";

const START_TIMEOUT_MS = 240_000;
const TIMEOUT_MS = 60_000;
/** Of a window in which every page has to be scrolled. */
const SHORT_HEIGHT = 400;

/** Path and what is there once the page has its data. */
const PAGES: readonly (readonly [string, string])[] = [
  ["/", ".verdict h1"],
  ["/guests", ".gridcard"],
  ["/vm/900", ".kv dd"],
  ["/vm/900/console", ".con .over"],
  ["/vm/900/hardware", ".dev td"],
  ["/vm/900/options", ".dev td"],
  ["/vm/900/tasks", ".card table, .card .nothing"],
  ["/vm/new", ".plan .steps li"],
  ["/nodes", ".card td"],
  ["/storage", ".card td"],
  ["/storage/local", ".card table, .card .nothing"],
  ["/tasks", ".card table, .card .nothing"],
  ["/tasks?show=events", ".card table, .card .nothing"],
  ["/admin/users", ".card td"],
  ["/admin/tokens", ".card .nothing, .card td"],
  ["/admin/groups", ".card .nothing, .card td"],
  ["/admin/roles", ".card td"],
  ["/admin/permissions", ".card td"],
  ["/no/such/page", ".nothing"],
];
const NODE_TABS: readonly (readonly [string, string])[] = [
  ["", ".kv dd"],
  ["/guests", ".card td, .card .nothing"],
  ["/shell", ".xterm"],
  ["/services", ".card td, .card .nothing"],
  ["/log", ".logview"],
  ["/tasks", ".card table, .card .nothing"],
];

describe.skipIf(CHROMIUM === undefined)("pages (skipped without the package chromium)", () => {
  let node: DrivenNode;
  let browser: Browser;
  let nodeName: string;

  beforeAll(async () => {
    node = await nodeToDrive();
    browser = await launchBrowser();
    const { context, page } = await openSession(browser, node);
    await signIn(page, node);
    nodeName = await page.evaluate(async () => {
      const answer = (await (await fetch("/api2/json/nodes")).json()) as { data: { node: string }[] };
      const name = answer.data[0]?.node ?? "";
      const { csrfToken } = JSON.parse(localStorage.getItem("quorate.login") ?? "{}") as { csrfToken: string };
      // A machine that is off, without a disk: for its pages there is no need for more.
      await fetch(`/api2/json/nodes/${name}/qemu`, {
        method: "POST",
        headers: { CSRFPreventionToken: csrfToken },
        body: new URLSearchParams({
          vmid: "900",
          name: "e2e-pages",
          memory: "128",
          net0: "virtio",
          ide2: "none,media=cdrom",
          tags: "e2e;pages",
        }),
      });
      return name;
    });
    await page.goto("/vm/900");
    await page.getByRole("heading", { name: "e2e-pages", level: 1 }).waitFor();
    await context.close();
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    if (browser !== undefined) {
      const { page } = await openSession(browser, node);
      await signIn(page, node);
      await page.evaluate(async (name) => {
        const { csrfToken } = JSON.parse(localStorage.getItem("quorate.login") ?? "{}") as { csrfToken: string };
        await fetch(`/api2/json/nodes/${name}/qemu/900`, {
          method: "DELETE",
          headers: { CSRFPreventionToken: csrfToken },
        });
      }, nodeName);
      await browser.close();
    }
    await node?.stop();
  }, START_TIMEOUT_MS);

  describe.each([DESKTOP_WIDTH, PHONE_WIDTH])("%d px wide", (width) => {
    let session: Session;
    beforeAll(async () => {
      session = await openSession(browser, node, width);
      await session.page.goto("/");
      await session.page.getByLabel("User").waitFor();
      await session.page.getByRole("option").first().waitFor({ state: "attached" });
    }, START_TIMEOUT_MS);
    afterAll(async () => await session?.context.close());

    test(
      "signing in",
      async () => {
        expect(await axeFindings(session.page)).toEqual([]);
        await signIn(session.page, node);
      },
      TIMEOUT_MS,
    );

    const check = async (path: string, ready: string): Promise<void> => {
      const { page, complaints } = session;
      // On a desk by its address, on a phone from the page before it.
      if (width === DESKTOP_WIDTH) await page.goto(path);
      else await goWithin(page, path);
      await page.locator(ready).first().waitFor();
      expect(await axeFindings(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
      expect(complaints).toEqual([]);
    };
    test.each(PAGES)("%s", async (path, ready) => await check(path, ready), TIMEOUT_MS);
    test.each(NODE_TABS)(
      "a node's page%s",
      async (tab, ready) => await check(`/node/${nodeName}${tab}`, ready),
      TIMEOUT_MS,
    );

    test(
      "another page begins at its top",
      async () => {
        const { page } = session;
        await page.setViewportSize({ width, height: SHORT_HEIGHT });
        await goWithin(page, "/admin/roles");
        await page.locator(".card td").first().waitFor();
        await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
        expect(await page.evaluate(() => scrollY)).toBeGreaterThan(0);
        await page.locator('a[href="/guests"]:visible').first().click();
        await page.locator(".gridcard").waitFor();
        expect(await page.evaluate(() => scrollY)).toBe(0);
        await page.setViewportSize({ width, height: heightFor(width) });
      },
      TIMEOUT_MS,
    );

    test(
      "the search box, a menu and a sheet",
      async () => {
        const { page } = session;
        await page.goto("/vm/900/hardware");
        await page.getByRole("button", { name: "Add" }).click();
        await page.getByRole("menu").waitFor();
        expect(await axeFindings(page)).toEqual([]);
        await page.getByRole("menuitem", { name: /^Add a disk/ }).click();
        await page.getByRole("dialog").getByLabel("Bus").waitFor();
        expect(await axeFindings(page)).toEqual([]);
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
        await page.keyboard.press("Control+k");
        await page.getByRole("option").first().waitFor();
        expect(await axeFindings(page)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  });
});
