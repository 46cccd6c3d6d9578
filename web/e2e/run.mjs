// Walks the dashboard in a real browser against a running weir, as a person would.
//   node e2e/run.mjs http://127.0.0.1:8080 [names of stories…]
// CHROMIUM names the browser (default /usr/bin/chromium); SHOTS a folder for screenshots of every page in both themes;
// UPDATE=1 accepts changed snapshots. Each file in stories/ is a part of its own; without names all of them are told.
// One that exports `aside` mostly waits, on a weir of its own: it is told beside the others. One that exports `alone`
// measures: it is told when nothing else is.
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

const nameOf = (file) => file.replace(/^\d+-/, "").replace(/\.mjs$/, "");
const files = readdirSync(stories)
  .filter((name) => name.endsWith(".mjs") && (named.length === 0 || named.includes(nameOf(name))))
  .sort();
const parts = await Promise.all(files.map(async (file) => ({ name: nameOf(file), ...(await import(join(stories, file))) })));

async function told({ name, default: tell }) {
  const began = performance.now();
  const page = await browser.open();
  const go = (path) => page.goto(server.base + path);
  const story = (what, run) => report.story(`${name}: ${what}`, run);
  try {
    await tell({ story, report, page, go, browser, server, workload, expect, WAIT });
  } catch (error) {
    report.ended(name, error);
  }
  await page.context().close();
  console.log(`      ${name} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

const asides = Promise.all(parts.filter((part) => part.aside).map(told));
for (const part of parts.filter((part) => !part.aside && !part.alone)) await told(part);
await asides;
for (const part of parts.filter((part) => part.alone)) await told(part);

await browser.close();
process.exit(report.end());
