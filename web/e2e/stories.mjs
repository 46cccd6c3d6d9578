// Walks the dashboard in a real browser against a running weir, as a person would.
//   node e2e/stories.mjs http://127.0.0.1:8080
// CHROMIUM names the browser (default /usr/bin/chromium); SHOTS a folder for screenshots of every page in both themes.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const base = (process.argv[2] ?? "http://127.0.0.1:8080").replace(/\/$/, "");
const shots = process.env.SHOTS;
const WAIT = { timeout: 15_000 };
let failures = 0;

async function story(name, run) {
  try {
    await run();
    console.log(`ok    ${name}`);
  } catch (error) {
    failures += 1;
    console.log(
      `FAIL  ${name}\n      ${String(error.stack ?? error)
        .split("\n")
        .slice(0, 6)
        .join("\n      ")}`,
    );
  }
}
function expect(holds, message) {
  if (!holds) throw new Error(message);
}
const api = async (path) => (await fetch(`${base}/api/v1${path}`)).json();
const workload = (await api("/workloads")).items[0].id;
const ask = (i) =>
  fetch(`${base}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: `weir/${workload}`, messages: [{ role: "user", content: `What is ${i} + 25?` }] }),
  });

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const open = async (options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => {
    failures += 1;
    console.log(`FAIL  script error on ${page.url()}: ${error.message}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy|Refused to/.test(message.text())) {
      failures += 1;
      console.log(`FAIL  refused by the content security policy: ${message.text()}`);
    }
  });
  return page;
};

const page = await open();

await story("the overview lists the workloads and draws its four numbers", async () => {
  await page.goto(`${base}/`);
  const row = page.getByRole("table", { name: "Workloads" }).locator("tbody tr");
  await row.first().waitFor(WAIT);
  const { workloads } = await api("/overview");
  expect((await row.count()) === workloads.length, `${workloads.length} workloads wanted, ${await row.count()} shown`);
  for (const title of ["Quality", "Cost, 24 h", "p95 latency", "Served by fallback"]) {
    await page.getByRole("region", { name: title, exact: true }).waitFor(WAIT);
  }
});

await story("the live tail receives rows as requests are made", async () => {
  await page.goto(`${base}/traces`);
  await page.getByText(/^Live\./).waitFor(WAIT);
  const list = page.getByRole("list", { name: "Requests, newest first" });
  await page.mouse.move(5, 5);
  const newest = () => list.locator("a[href]").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  const before = new Set((await list.count()) > 0 ? await newest() : []);
  for (let i = 0; i < 5; i += 1) await ask(i);
  const deadline = Date.now() + WAIT.timeout;
  for (;;) {
    const now = (await list.count()) > 0 ? await newest() : [];
    if (now.some((href) => !before.has(href))) break;
    expect(Date.now() < deadline, "no new row came");
    await page.waitForTimeout(100);
  }
});

await story("a trace tells why it went where it went", async () => {
  await page.goto(`${base}/traces?status=ok&live=off`);
  await page.getByRole("list", { name: "Requests, newest first" }).locator("a").first().waitFor(WAIT);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/traces\/[0-9a-f]{32}/, WAIT);
  await page.getByRole("table", { name: "Candidates of the decision" }).waitFor(WAIT);
});

const dataset = `story-${Date.now().toString(36)}`;
await story("a dataset is imported from a file, with a bad line named and left out", async () => {
  await page.goto(`${base}/datasets`);
  const lines = [
    "question,answer",
    "What is 2 + 2?,4",
    "What is 3 + 4?,7",
    '"Name the largest, by mass, planet.",Jupiter',
    "one,two,three,four",
  ];
  await page
    .getByLabel("Dataset file")
    .setInputFiles({ name: `${dataset}.csv`, mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) });
  await page.getByRole("table", { name: "Preview" }).waitFor(WAIT);
  await page
    .getByText(/cannot be read$/)
    .first()
    .waitFor(WAIT);
  await page.getByRole("checkbox").check();
  await page.getByLabel("Name", { exact: true }).fill(dataset);
  await page.getByRole("button", { name: /^Import \d/ }).click();
  await page.waitForURL(new RegExp(`/datasets/${dataset}$`), WAIT);
  const rows = page.getByRole("table", { name: `Items of ${dataset}` }).locator("tbody tr");
  await rows.first().waitFor(WAIT);
});

let canary;
await story("a canary page says its verdict in words", async () => {
  const known = (await api("/canaries")).items;
  if (known.length === 0) {
    const { items } = await api("/workloads");
    await page.goto(`${base}/workloads/${items[0].id}?start=canary`);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.waitForURL(/\/canaries\/.+/, WAIT);
  } else {
    await page.goto(`${base}/canaries`);
    await page.getByRole("table", { name: "Canaries" }).locator("a").first().click();
  }
  const verdict = page.locator("[data-verdict]");
  await verdict.waitFor(WAIT);
  expect((await verdict.innerText()).trim().length > 12, "the verdict is empty");
  canary = new URL(page.url()).pathname;
});

await story("the palette, the keys and the skip link work without a mouse", async () => {
  await page.goto(`${base}/`);
  await page.getByRole("heading", { name: "Overview" }).waitFor(WAIT);
  await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.textContent === "Skip to the page"), "the skip link is not first");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Jump to" }).getByRole("combobox").fill("depl");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/deployments$/, WAIT);
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await page.waitForURL(/\/canaries$/, WAIT);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor(WAIT);
  await page.keyboard.press("Escape");
});

const { workloads } = await api("/overview");
const span = (await api("/traces?limit=1")).items[0]?.span_id;
const pages = {
  overview: "/",
  workloads: "/workloads",
  workload: `/workloads/${workloads[0].id}`,
  canaries: "/canaries",
  ...(canary ? { canary } : {}),
  deployments: "/deployments",
  traces: "/traces?live=off",
  ...(span ? { trace: `/traces/${span}` } : {}),
  datasets: "/datasets",
  dataset: `/datasets/${dataset}`,
};
if (shots) mkdirSync(shots, { recursive: true });
for (const [colorScheme, width] of [
  ["light", 1280],
  ["dark", 1280],
  ["light", 360],
]) {
  const seen = await open({ colorScheme, viewport: { width, height: 860 } });
  for (const [name, path] of Object.entries(pages)) {
    await story(`${name} is accessible and fits, ${colorScheme}, ${width} px`, async () => {
      await seen.goto(base + path);
      await seen.locator("h1").first().waitFor(WAIT);
      await seen.waitForFunction(() => document.querySelector(".skeleton") === null, undefined, WAIT);
      const over = await seen.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(over <= 0, `the page is ${over} px too wide`);
      if (shots) await seen.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
      const { violations } = await new AxeBuilder({ page: seen }).analyze();
      const said = violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .map((node) => node.target.join(" "))
            .slice(0, 3)
            .join("; ")}`,
      );
      expect(violations.length === 0, said.join("\n      "));
    });
  }
  await seen.context().close();
}

await browser.close();
console.log(failures === 0 ? "all stories hold" : `${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
