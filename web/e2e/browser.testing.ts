/** Debian's Chromium, driven against a real node: one that the environment names, or one of the test's own. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { findProgram } from "../../src/os/find-program.ts";
import { startTestNode } from "../../test/node.testing.ts";

export const CHROMIUM = findProgram("chromium");

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface DrivenNode {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  stop(): Promise<void>;
}

/** `QUORATE_URL`, `QUORATE_USER` and `QUORATE_PASSWORD` name a node that runs already. */
export async function nodeToDrive(): Promise<DrivenNode> {
  const { QUORATE_URL: url, QUORATE_USER: username, QUORATE_PASSWORD: password } = process.env;
  if (url !== undefined && username !== undefined && password !== undefined) {
    return { url, username, password, stop: async () => {} };
  }
  return await startTestNode();
}

export async function launchBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("there is no chromium");
  return await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

export const DESKTOP_WIDTH = 1440;
export const PHONE_WIDTH = 390;
const DESKTOP_HEIGHT = 900;
const PHONE_HEIGHT = 844;

export function heightFor(width: number): number {
  return width === PHONE_WIDTH ? PHONE_HEIGHT : DESKTOP_HEIGHT;
}

export interface Session {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the browser complained about: exceptions, refused scripts, failed requests. */
  readonly complaints: string[];
}

export async function openSession(browser: Browser, node: DrivenNode, width: number = DESKTOP_WIDTH): Promise<Session> {
  const context = await browser.newContext({
    baseURL: node.url,
    ignoreHTTPSErrors: true,
    colorScheme: "light",
    reducedMotion: "reduce",
    viewport: { width, height: heightFor(width) },
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return { context, page, complaints };
}

export async function signIn(
  page: Page,
  { username, password }: Pick<DrivenNode, "username" | "password">,
): Promise<void> {
  await page.goto("/");
  await page.getByLabel("User").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Continue" }).click();
  await page
    .getByRole("navigation", { name: "Main", exact: true })
    .or(page.getByRole("navigation", { name: "Main, phone" }))
    .first()
    .waitFor();
}

/** As a link of the page does: nothing is loaded that is there already. */
export async function goWithin(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds in both themes: rule and the first place of each. The second theme has other colours, no other page. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource);
  const inLight = await runAxe(page, RULES);
  await setTheme(page, "dark");
  const inDark = await runAxe(page, ["color-contrast"]);
  await setTheme(page, "light");
  return [...inLight, ...inDark.map((finding) => `in the dark theme: ${finding}`)];
}

async function setTheme(page: Page, theme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.locator(`html[data-theme="${theme}"]`).waitFor();
}

async function runAxe(page: Page, only: readonly string[]): Promise<readonly string[]> {
  return await page.evaluate(async (rules) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(root: Document, options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`);
  }, only);
}

/** Counts what a person presses, whatever way it goes. Typing is not counted. */
export async function countClicks(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const counter = globalThis as unknown as { pressed: number };
    counter.pressed = 0;
    addEventListener(
      "click",
      (event) => {
        // Keys that press a button come as clicks too, without a place.
        if (event.detail > 0) counter.pressed += 1;
      },
      true,
    );
  });
  return () => page.evaluate(() => (globalThis as unknown as { pressed: number }).pressed);
}
