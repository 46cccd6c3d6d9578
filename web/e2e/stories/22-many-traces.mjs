// Fifty thousand requests in one list: paged in by cursor while somebody scrolls, only what is on screen drawn.
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withWeir } from "../lib/weir.mjs";

const MANY = 50_000;
const seed = join(dirname(fileURLToPath(import.meta.url)), "../lib/seed.py");

const CONFIG = `[workloads.default]\ncandidates = ["sim/large"]\nfloor = 0.5\n`;

export const alone = true;

export default async function ({ story, report, page, expect, WAIT }) {
  await story("fifty thousand traces scroll without a stall", () => withWeir(CONFIG, scroll));

  async function scroll(server, data) {
    await server.ask("default");
    await server.until("the request's row", async () => (await server.api("/traces?limit=1")).items[0]);
    execFileSync("python3", [seed, data, String(MANY)]);
    await page.goto(`${server.base}/traces?live=off`);
    const list = page.getByRole("list", { name: "Requests, newest first" });
    await list.locator("a").first().waitFor(WAIT);
    await page.evaluate(() => {
      window.stalls = [];
      new PerformanceObserver((seen) => window.stalls.push(...seen.getEntries().map((entry) => entry.duration))).observe({
        type: "longtask",
      });
      window.frames = [];
      let before = performance.now();
      const frame = (now) => {
        window.frames.push(now - before);
        before = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });
    const began = Date.now();
    let rows = 0;
    while (rows < MANY) {
      expect(Date.now() - began < 90_000, `${rows} rows after 90 s`);
      rows = await list.evaluate((box) => {
        box.scrollTop = box.scrollHeight;
        return Math.round(box.firstElementChild.getBoundingClientRect().height / 32);
      });
      await page.waitForTimeout(25);
    }
    const drawn = await list.locator("a").count();
    expect(drawn < 100, `${drawn} rows are in the document at once`);
    // All of them are there: now through the whole list, screen after screen.
    await page.evaluate(() => {
      window.stalls = [];
      window.frames = [];
    });
    for (let i = 0; i <= 40; i += 1) {
      await list.evaluate((box, share) => (box.scrollTop = box.scrollHeight * share), i / 40);
      await page.waitForTimeout(30);
    }
    const { stalls, frames } = await page.evaluate(() => ({ stalls: window.stalls, frames: window.frames }));
    report.measure(`longest task while scrolling ${MANY} rows`, Math.max(0, ...stalls), 200, "ms");
    frames.sort((a, b) => a - b);
    report.measure(`95th percentile of frames while scrolling ${MANY} rows`, frames[Math.floor(frames.length * 0.95)], 100, "ms");
    console.log(`      ${rows} rows were paged in within ${((Date.now() - began) / 1000).toFixed(1)} s`);
  }
}
