// Every page in both themes and on a phone: nothing for axe to say, nothing too wide, built as it was.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { accessible, fits, settled } from "../lib/browser.mjs";
import { sameText, structure } from "../lib/snapshot.mjs";
import { PAGES } from "../pages.mjs";

/** Where the pictures of the project's README are kept; `README=1` takes them anew. */
const PICTURES = join(dirname(fileURLToPath(import.meta.url)), "../../screenshots");

const VIEWS = [
  ["light", 1280],
  ["dark", 1280],
  ["light", 360],
  ["dark", 360],
];

export default async function ({ story, browser, server }) {
  const shots = process.env.SHOTS;
  if (shots) mkdirSync(shots, { recursive: true });
  const pages = [];
  for (const [name, where] of PAGES) pages.push([name, typeof where === "string" ? where : await where(server)]);
  for (const [colorScheme, width] of VIEWS) {
    const page = await browser.open({ colorScheme, viewport: { width, height: 860 } });
    for (const [name, path] of pages) {
      await story(`${name}, ${colorScheme}, ${width} px`, async () => {
        await page.goto(server.base + path);
        await settled(page);
        await fits(page);
        if (shots) await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        if (width < 1280) return;
        if (process.env.README === "1" && name === "overview")
          await page.screenshot({ path: join(PICTURES, `overview-${colorScheme}.png`), fullPage: true });
        await accessible(page, { colours: colorScheme === "dark" });
        if (colorScheme === "dark") return;
        // What needs a person comes and goes by itself; the title of a trace is its workload's name.
        await page.locator("main [aria-live]").evaluateAll((live) => live.forEach((each) => each.setAttribute("aria-hidden", "true")));
        sameText(`aria/${name}.yml`, structure(await page.locator("main").ariaSnapshot()));
      });
    }
    await page.context().close();
  }
}
