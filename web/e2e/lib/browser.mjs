// The browser: contexts that report script errors and refused resources, and the checks that every page must pass.
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { expect } from "./report.mjs";

/** Patience with the page, in ms. */
export const WAIT = { timeout: 15_000 };

export class Browser {
  static async launch(report) {
    const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
    return new Browser(await chromium.launch({ executablePath, args: ["--no-sandbox"] }), report);
  }

  constructor(browser, report) {
    this.browser = browser;
    this.report = report;
  }

  /** A page of its own context, still and of a known size. */
  async open(options = {}) {
    const settings = { viewport: { width: 1280, height: 860 }, reducedMotion: "reduce", timezoneId: "UTC", locale: "en-GB" };
    const context = await this.browser.newContext({ ...settings, ...options });
    const page = await context.newPage();
    page.on("pageerror", (error) => this.report.fail(`script error on ${page.url()}: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && /Content Security Policy|Refused to/.test(text)) this.report.fail(`refused: ${text}`);
    });
    return page;
  }

  close() {
    return this.browser.close();
  }
}

/** The page has its heading and nothing is loading any more. */
export async function settled(page) {
  await page.locator("h1").first().waitFor(WAIT);
  await page.waitForFunction(() => document.querySelector(".skeleton") === null, undefined, WAIT);
}

export async function fits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(over <= 0, `the page is ${over} px too wide`);
}

/** What axe says of colours: all that another theme can change of a page that was looked at as a whole. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/** Nothing for axe to say: of the whole page, or of its colours alone. */
export async function accessible(page, { colours = false } = {}) {
  const axe = new AxeBuilder({ page });
  const { violations } = await (colours ? axe.withRules(COLOURS) : axe).analyze();
  const said = violations.map(({ id, nodes }) => {
    const where = nodes.map((node) => node.target.join(" ")).slice(0, 3);
    return `${id}: ${where.join("; ")}`;
  });
  expect(violations.length === 0, said.join("\n"));
}
