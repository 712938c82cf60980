/** What a person does with Quorate, in a browser, against a real node: sign in, make a machine, work with it, remove it. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../src/os/find-program.ts";
import { buildTestGuest, defaultCacheDir } from "../../test/guest/build.ts";
import {
  CHROMIUM,
  countClicks,
  type DrivenNode,
  launchBrowser,
  nodeToDrive,
  openSession,
  type Session,
  signIn,
} from "./browser.testing.ts";

const HAS_QEMU = findProgram("qemu-system-x86_64") !== undefined && findProgram("qemu-img") !== undefined;
const HAS_ISO_TOOLS = findProgram("xorriso") !== undefined && findProgram("cpio") !== undefined;
const START_TIMEOUT_MS = 240_000;
const TIMEOUT_MS = 120_000;
/** A guest without hardware virtualization takes its time. */
const GUEST_TIMEOUT_MS = 60_000;
const STEP_TIMEOUT_MS = 15_000;
/** Shorter than the round in which a lost stream is opened again by itself. */
const RECONNECT_TIMEOUT_MS = 10_000;
const NAME = "e2e-web-01";

describe.skipIf(CHROMIUM === undefined)("a person (skipped without the package chromium)", () => {
  let node: DrivenNode;
  let browser: Browser;
  let session: Session;
  let page: Page;

  beforeAll(async () => {
    node = await nodeToDrive();
    browser = await launchBrowser();
    session = await openSession(browser, node);
    ({ page } = session);
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await node?.stop();
  }, START_TIMEOUT_MS);

  test(
    "is told when the password is wrong, and signs in with the right one",
    async () => {
      await page.goto("/guests");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("Enter a user").waitFor();
      await page.getByLabel("User").fill(node.username);
      await page.getByLabel("Password", { exact: true }).fill("not this one");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("User or password is not right").waitFor();
      await page.getByLabel("Password", { exact: true }).fill(node.password);
      await page.getByRole("button", { name: "Continue" }).click();
      // The page that was asked for, not the start page.
      await page.getByRole("heading", { name: "Guests", level: 1 }).waitFor();
      // The refused login is all that may have failed.
      expect(session.complaints.filter((text) => !text.includes("401"))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "sees without a click whether everything is all right",
    async () => {
      await page.goto("/");
      const pressed = await countClicks(page);
      await page
        .getByRole("heading", { name: /^(All is well|Running, with something to look at)$/, level: 1 })
        .waitFor();
      await page.getByRole("img", { name: "The node answers" }).waitFor();
      await page.getByRole("table").first().getByRole("img", { name: "Online" }).waitFor();
      expect(await pressed()).toBe(0);
    },
    TIMEOUT_MS,
  );

  describe.skipIf(!HAS_QEMU || !HAS_ISO_TOOLS)("with a virtual machine (skipped without QEMU and xorriso)", () => {
    test(
      "uploads an image",
      async () => {
        const { iso } = await buildTestGuest(defaultCacheDir(process.env));
        await page.goto("/storage/local");
        await page.getByRole("button", { name: "Upload" }).click();
        await page.locator('input[type="file"]').setInputFiles(iso);
        await page.getByRole("dialog").getByRole("button", { name: "Upload" }).click();
        await page.getByRole("dialog").waitFor({ state: "detached", timeout: GUEST_TIMEOUT_MS });
        await page.getByRole("cell", { name: iso.replace(/^.*\//, ""), exact: true }).waitFor();
      },
      START_TIMEOUT_MS,
    );

    test(
      "creates a machine from it with two clicks, having seen what will happen",
      async () => {
        await page.goto("/guests");
        const pressed = await countClicks(page);
        await page.getByRole("link", { name: "Create a VM" }).first().click();
        await page.getByLabel("Name").fill(NAME);
        await page.getByLabel("Memory").fill("256 MiB");
        await page.getByLabel("Disk").fill("1");
        const plan = page.getByRole("complementary", { name: "What will happen" });
        await plan.getByText(/^Boots from .*\.iso$/).waitFor();
        await plan.getByText(`--name ${NAME}`).waitFor();
        await page.getByRole("button", { name: "Create and start" }).click();
        await page.getByRole("heading", { name: NAME, level: 1 }).waitFor({ timeout: GUEST_TIMEOUT_MS });
        await page.locator(".obj").getByText("Running").waitFor({ timeout: GUEST_TIMEOUT_MS });
        expect(await pressed()).toBe(2);
      },
      TIMEOUT_MS,
    );

    test(
      "types into its serial console",
      async () => {
        await page.getByRole("link", { name: "Console", exact: true }).first().click();
        await page.getByRole("button", { name: "Serial" }).click();
        await page.locator(".xterm").waitFor({ timeout: GUEST_TIMEOUT_MS });
        await page.locator(".over").waitFor({ state: "detached", timeout: GUEST_TIMEOUT_MS });
        const text = page.locator(".xterm-rows");
        // The guest may still boot: its shell answers as soon as it is there.
        await expect
          .poll(
            async () => {
              await page.locator(".stage").click();
              await page.keyboard.type("echo $((6*7))-answer\n");
              return await text.textContent();
            },
            { timeout: GUEST_TIMEOUT_MS, interval: 2_000 },
          )
          .toContain("42-answer");
      },
      TIMEOUT_MS,
    );

    test(
      "sees its screen",
      async () => {
        await page.getByRole("button", { name: "Screen", exact: true }).click();
        const canvas = page.locator(".stage canvas");
        await canvas.waitFor({ timeout: GUEST_TIMEOUT_MS });
        await expect
          .poll(
            () =>
              canvas.evaluate((element) => {
                const { width, height } = element as HTMLCanvasElement;
                const pixels =
                  (element as HTMLCanvasElement).getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
                return pixels.some((value, index) => index % 4 !== 3 && value > 60);
              }),
            { timeout: GUEST_TIMEOUT_MS, interval: 500 },
          )
          .toBe(true);
      },
      TIMEOUT_MS,
    );

    test(
      "finds it with Ctrl-K, three letters and Enter",
      async () => {
        await page.goto("/");
        await page.getByRole("heading", { level: 1 }).waitFor();
        const pressed = await countClicks(page);
        await page.keyboard.press("Control+k");
        await page.getByRole("combobox", { name: "Search" }).waitFor();
        await page.keyboard.type("e2e");
        await page.getByRole("option", { name: new RegExp(`^${NAME}`) }).waitFor();
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: NAME, level: 1 }).waitFor();
        expect(await pressed()).toBe(0);
      },
      TIMEOUT_MS,
    );

    test(
      "opens its actions with a key that does none of them, and moves in the table without a mouse",
      async () => {
        await page.keyboard.press(".");
        await page.getByRole("menuitem", { name: "Restart" }).waitFor();
        await page.keyboard.press("Escape");
        await page.getByRole("menu").waitFor({ state: "detached" });
        await page.locator(".obj").getByText("Running").waitFor();
        expect(await page.getByText(/^Shutting down/).count()).toBe(0);
        await page.evaluate(() => (document.activeElement as HTMLElement).blur());
        await page.keyboard.press("g");
        await page.keyboard.press("g");
        await page.getByRole("checkbox", { name: `Select ${NAME}` }).waitFor();
        await page.keyboard.press("j");
        await page.keyboard.press("Space");
        await page.getByText("1 selected").waitFor();
        await page.keyboard.press("Escape");
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: NAME, level: 1 }).waitFor();
      },
      TIMEOUT_MS,
    );

    test(
      "changes its memory, sees that this waits for the next start, and takes it back",
      async () => {
        await page.getByRole("link", { name: "Hardware" }).click();
        await page.getByRole("button", { name: "Edit Memory memory" }).click();
        await page.getByRole("dialog").getByLabel("Memory").fill("512 MiB");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByText("512\u00a0MiB from the next start on.").waitFor();
        await page.locator("tr", { hasText: "Memory" }).getByRole("button", { name: "Revert" }).click();
        await page.getByText("512\u00a0MiB from the next start on.").waitFor({ state: "detached" });
      },
      TIMEOUT_MS,
    );

    test(
      "is told at the field what is wrong with a value",
      async () => {
        await page.getByRole("button", { name: /^Edit Network net0/ }).click();
        const dialog = page.getByRole("dialog");
        await dialog.getByLabel("Address").fill("not an address");
        await dialog.getByRole("button", { name: "Save" }).click();
        await dialog.locator('[aria-invalid="true"]').waitFor();
        await dialog.getByRole("button", { name: "Cancel" }).click();
      },
      TIMEOUT_MS,
    );

    test(
      "grows its disk",
      async () => {
        await page.getByRole("button", { name: "Grow scsi0" }).click();
        await page.getByLabel("New size").fill("2");
        await page.getByRole("dialog").getByRole("button", { name: "Grow" }).click();
        await page.getByText(/^2\u00a0GiB on local, SCSI 0/).waitFor({ timeout: GUEST_TIMEOUT_MS });
      },
      TIMEOUT_MS,
    );

    test(
      "adds a tag, and filters the table by it",
      async () => {
        await page.getByRole("link", { name: "Options" }).click();
        await page.getByRole("button", { name: "Edit Tags" }).click();
        await page.getByRole("dialog").getByLabel("Tags").fill("e2e");
        await page.getByRole("button", { name: "Save" }).click();
        await page.goto("/guests");
        await page.getByRole("checkbox", { name: `Select ${NAME}` }).waitFor();
        await page.keyboard.press("f");
        await page.keyboard.type("tag:e2e ");
        await page.getByRole("button", { name: "Remove the filter tag:e2e" }).waitFor();
        await page.getByRole("link", { name: NAME, exact: true }).first().waitFor();
        await page.keyboard.type("status:stopped ");
        await page.getByText("No guest matches").waitFor();
        await page.getByRole("button", { name: "Clear the filter" }).click();
        expect(new URL(page.url()).search).toBe("");
      },
      TIMEOUT_MS,
    );

    test(
      "stops it from the table, having seen the consequences",
      async () => {
        const pressed = await countClicks(page);
        await page.getByRole("checkbox", { name: `Select ${NAME}` }).click();
        await page
          .getByRole("toolbar", { name: /^Actions on/ })
          .getByRole("button", { name: "Stop" })
          .click();
        const sheet = page.getByRole("dialog");
        await sheet.getByText("They lose power at once; unsaved data is lost.").waitFor();
        await sheet.getByRole("button", { name: "Stop: 1 guest" }).click();
        await page.locator(".grid").getByText("Stopped").waitFor({ timeout: GUEST_TIMEOUT_MS });
        expect(await pressed()).toBe(3);
      },
      TIMEOUT_MS,
    );

    test(
      "reads the log of a task",
      async () => {
        await page.goto("/tasks");
        await page
          .getByRole("link", { name: `Start ${NAME}` })
          .or(page.getByRole("link", { name: `Create ${NAME}` }))
          .first()
          .click();
        await page.getByRole("log").getByText("TASK OK").waitFor();
      },
      TIMEOUT_MS,
    );

    test(
      "deletes it, after typing its name",
      async () => {
        await page.goto("/guests");
        await page.getByRole("link", { name: NAME, exact: true }).first().click();
        await page.getByRole("button", { name: "More actions" }).click();
        await page.getByRole("menuitem", { name: "Delete…" }).click();
        const confirm = page.getByRole("dialog").getByRole("button", { name: `Delete ${NAME}` });
        expect(await confirm.getAttribute("aria-disabled")).toBe("true");
        await page.getByLabel(`Type ${NAME} to go on`).fill(NAME);
        await confirm.click();
        await page.getByRole("heading", { name: "Guests", level: 1 }).waitFor({ timeout: GUEST_TIMEOUT_MS });
        await page
          .getByRole("link", { name: NAME, exact: true })
          .first()
          .waitFor({ state: "detached", timeout: GUEST_TIMEOUT_MS });
      },
      TIMEOUT_MS,
    );
  });

  test(
    "is told at once when nothing is live any more, and when it is again",
    async () => {
      await page.route("**/cluster/events", (route) => route.abort());
      await page.goto("/");
      await page.getByText(/^Not live since \d\d:\d\d:\d\d, trying again$/).waitFor();
      // What there is comes all the same, by asking.
      await page.getByRole("table").first().getByRole("img", { name: "Online" }).waitFor();
      await page.unroute("**/cluster/events");
      // Looking at the page again is a reason to try at once, instead of after a quarter of a minute.
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await page.getByText(/^Not live since/).waitFor({ state: "detached", timeout: RECONNECT_TIMEOUT_MS });
    },
    TIMEOUT_MS,
  );

  test(
    "signs in again over the page when the login is over, and loses nothing",
    async () => {
      await page.goto("/vm/new");
      await page.getByLabel("Name").fill("kept-name");
      await session.context.clearCookies();
      const dialog = page.getByRole("dialog", { name: "Sign in again" });
      await page.getByRole("button", { name: "Create", exact: true }).click();
      await dialog.waitFor();
      await dialog.getByLabel(/^Password of/).fill(node.password);
      await dialog.getByRole("button", { name: "Continue" }).click();
      await dialog.waitFor({ state: "detached" });
      expect(await page.getByLabel("Name").inputValue()).toBe("kept-name");
    },
    TIMEOUT_MS,
  );

  test(
    "who may only look sees no way to create, and why nothing may be done",
    async () => {
      await page.goto("/admin/users");
      await page.getByRole("button", { name: "Add a user" }).click();
      const sheet = page.getByRole("dialog");
      await sheet.getByLabel("User").fill("e2e-looker");
      await sheet.getByLabel("Password").fill("look-only-1");
      await sheet.getByRole("button", { name: "Add a user" }).click();
      await page.getByRole("cell", { name: "e2e-looker@pve", exact: true }).waitFor();
      await page.goto("/admin/permissions");
      await page.getByRole("button", { name: "Give a right" }).click();
      await sheet.getByLabel("Who").selectOption("e2e-looker@pve");
      await sheet.getByLabel("Role").selectOption("PVEAuditor");
      await sheet.getByRole("button", { name: "Give a right" }).click();
      await page.getByRole("cell", { name: /^e2e-looker@pve/ }).waitFor();

      const other = await openSession(browser, node);
      await signIn(other.page, { username: "e2e-looker@pve", password: "look-only-1" });
      await other.page.goto("/guests");
      await other.page.getByRole("heading", { name: "Guests", level: 1 }).waitFor();
      await other.page.getByText(/^\d+ guests?, /).waitFor();
      expect(await other.page.getByRole("link", { name: "Create a VM" }).count()).toBe(0);
      await other.page.goto("/storage/local");
      const upload = other.page.getByRole("button", { name: "Upload" });
      await upload.waitFor();
      expect(await upload.getAttribute("title")).toBe("Needs Datastore.AllocateTemplate on /storage/local");
      await other.context.close();

      await page.goto("/admin/users");
      await page.getByRole("button", { name: "Remove e2e-looker@pve" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove e2e-looker@pve" }).click();
      await page.getByRole("cell", { name: "e2e-looker@pve", exact: true }).waitFor({ state: "detached" });
    },
    TIMEOUT_MS,
  );
});
