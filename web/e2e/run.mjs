// Walks the dashboard in a real browser against a running weir, as a person would.
//   node e2e/run.mjs http://127.0.0.1:8080 [names of stories…]
// CHROMIUM names the browser (default /usr/bin/chromium); SHOTS a folder for screenshots of every page in both themes;
// UPDATE=1 accepts changed snapshots. Each file in stories/ is a part of its own; without names all of them are told.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser, WAIT } from "./lib/browser.mjs";
import { expect, Report } from "./lib/report.mjs";
import { Server } from "./lib/server.mjs";

const [base = "http://127.0.0.1:8080", ...named] = process.argv.slice(2);
const stories = join(dirname(fileURLToPath(import.meta.url)), "stories");
const report = new Report();
const server = new Server(base.replace(/\/$/, ""));
const browser = await Browser.launch(report);
const workload = await server.furnish();

const files = readdirSync(stories)
  .filter((name) => name.endsWith(".mjs"))
  .sort();
for (const file of files) {
  const name = file.replace(/^\d+-/, "").replace(/\.mjs$/, "");
  if (named.length > 0 && !named.includes(name)) continue;
  console.log(`\n${name}`);
  const { default: tell } = await import(join(stories, file));
  const page = await browser.open();
  const go = (path) => page.goto(server.base + path);
  try {
    await tell({ story: report.story.bind(report), report, page, go, browser, server, workload, expect, WAIT });
  } catch (error) {
    report.ended(name, error);
  }
  await page.context().close();
}

await browser.close();
process.exit(report.end());
