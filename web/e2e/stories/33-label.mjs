// People's labels beside a judge's grades: the queue by keyboard, what it says of agreement, and another prompt tried.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { accessible, fits, settled } from "../lib/browser.mjs";
import { sameText, structure } from "../lib/snapshot.mjs";
import { withWeir } from "../lib/weir.mjs";

const CONFIG = `
[workloads.maths]
candidates = ["sim/small"]
floor = 0.1
scorers = ["factual"]
[scorers.factual]
kind = "judge"
model = "sim/large"
template = "factuality"
[datasets.maths]
file = "maths.jsonl"
workload = "maths"
`;
const ANSWERS = 8;
const DATASET = Array.from({ length: ANSWERS }, (_, i) => `{"input":"What is ${i} + 25?","expected":"${i + 25}"}`).join("\n");

export default async function ({ story, page, browser, expect, WAIT }) {
  await withWeir({ text: CONFIG, files: { "maths.jsonl": DATASET } }, async (server) => {
    const key = (name) => page.keyboard.press(name);
    const waiting = () => page.locator("[data-task]").getAttribute("data-task");
    const receipt = page.locator("[data-receipt]");

    await story("people are asked about a judge's grades", async () => {
      for (let i = 0; i < ANSWERS; i += 1) await (await server.ask("maths", `What is ${i} + 25?`)).text();
      await server.until("the judge's grades", async () => {
        const { items } = await server.api("/workloads/maths/windows");
        return items.some((window) => window.scorer === "factual" && window.n + window.unscored >= ANSWERS);
      });
      await page.goto(`${server.base}/labels`);
      await page.getByLabel("Share of its grades").selectOption("1");
      await page.getByRole("button", { name: "Ask people" }).click();
      await page.locator("[data-task]").waitFor(WAIT);
    });

    await story("the judge's word is not told before the label is in", async () => {
      const { items } = await server.api("/labels");
      expect(items.length === 0, "there is a label before anybody gave one");
      expect((await receipt.count()) === 0, "a receipt is shown before any label");
      const shown = await page.getByRole("region", { name: "Next answer" }).innerText();
      expect(!/judge (said|had said)/i.test(shown), `the judge's word is shown: ${shown}`);
    });

    await story("an answer is graded by one key, taken back, graded again and handed in", async () => {
      const first = await waiting();
      const grade = page.getByRole("group", { name: "Your grade" });
      await key("1");
      await grade.getByRole("button", { pressed: true }).waitFor(WAIT);
      await key("u");
      await grade.getByRole("button", { pressed: true }).waitFor({ state: "detached", ...WAIT });
      expect((await server.api("/labels")).items.length === 0, "what was taken back is in the store");
      await key("2");
      await grade.getByRole("button", { pressed: true }).waitFor(WAIT);
      await key("Enter");
      await receipt.getByText(/factual had said/).waitFor(WAIT);
      await server.until("the next answer", async () => (await waiting()) !== first);
      expect((await server.api("/labels")).items.length === 1, "one label is in");
    });

    await story("an answer is left to others", async () => {
      const before = await waiting();
      await key("s");
      await server.until("another answer", async () => (await waiting()) !== before);
    });

    await story("a label that nobody takes back goes in by itself", async () => {
      await key("1");
      await server.until("the second label", async () => (await server.api("/labels")).items.length === 2);
      await page.getByRole("table", { name: "Labels", exact: true }).locator("tbody tr").nth(1).waitFor(WAIT);
    });

    await story("calibration draws people's labels against the judge's grades", async () => {
      await page.getByRole("link", { name: "Calibration", exact: true }).click();
      await page.getByRole("img", { name: /2 labels: where it says/ }).waitFor(WAIT);
      await page.getByRole("button", { name: "Table of People's labels by its grade" }).click();
      await page.getByRole("columnheader", { name: "People", exact: true }).first().waitFor(WAIT);
      await page.getByText("28 more labels to calibrate").waitFor(WAIT);
    });

    await story("an answer is scored on the spot, after a yes, and nothing of it is kept", async () => {
      const { items } = await server.api("/traces?origin=client&status=ok&limit=1");
      await page.goto(`${server.base}/traces/${items[0].span_id}`);
      const act = page.getByRole("button", { name: "Score now" });
      await act.waitFor(WAIT);
      expect(await act.isDisabled(), "a judge is asked without a yes");
      const before = (await server.api(`/traces/${items[0].span_id}`)).scores.length;
      await page.getByRole("checkbox", { name: /sim\/large, which its provider bills/ }).check();
      await act.click();
      await page
        .getByRole("table", { name: "Scored now" })
        .getByText(/\[sim\/large/)
        .waitFor(WAIT);
      expect((await server.api(`/traces/${items[0].span_id}`)).scores.length === before, "what was tried is stored");
    });

    await story("the list of scorers tells whether people agree, moves and opens by keyboard", async () => {
      await page.goto(`${server.base}/scorers`);
      await page.getByRole("columnheader", { name: "Agrees (κ)" }).waitFor(WAIT);
      await page.getByTitle(/by 2 labels/).waitFor(WAIT);
      await page.getByRole("table", { name: "Scorers" }).locator("[data-row]").first().waitFor(WAIT);
      await key("j");
      await key(" ");
      await page.getByRole("dialog", { name: "Scorers" }).waitFor(WAIT);
      await key("Escape");
      await key("Enter");
      await page.waitForURL(/\/scorers\/factual/, WAIT);
    });

    await story("another prompt is tried on recorded answers, after a yes, and steers nothing", async () => {
      const before = await server.api("/workloads/maths/windows");
      await page.getByRole("tab", { name: "Test bench" }).click();
      const rows = page.getByRole("table", { name: "Tried for factual" }).locator("tbody tr");
      await rows.nth(2).waitFor(WAIT);
      const instructions = page.getByLabel("Instructions");
      expect((await instructions.inputValue()).length > 100, "the template's instructions are not shown");
      await instructions.fill(`${await instructions.inputValue()}\nBe strict.`);
      const act = page.getByRole("button", { name: "Try it" });
      expect(await act.isDisabled(), "it spends without a yes");
      await page.getByRole("checkbox", { name: /bills/ }).check();
      await act.click();
      await rows
        .first()
        .getByText(/\[sim\/large/)
        .waitFor(WAIT);
      await page.getByRole("group", { name: /TOML/ }).or(page.getByLabel("The definition as TOML")).getByText("Be strict.").waitFor(WAIT);
      const { items } = await server.api("/workloads/maths/windows");
      expect(items.length === before.items.length, "a try has opened a window");
    });

    for (const [name, path] of [
      ["label-queue", "/labels"],
      ["scorer", "/scorers/factual"],
      ["calibration", "/scorers/factual?tab=calibration"],
      ["bench", "/scorers/factual?tab=bench"],
    ]) {
      for (const [colorScheme, width] of [
        ["light", 1280],
        ["dark", 1280],
        ["dark", 360],
      ]) {
        await story(`${name}, ${colorScheme}, ${width} px`, async () => {
          const view = await browser.open({ colorScheme, viewport: { width, height: 860 } });
          await view.goto(server.base + path);
          await settled(view);
          await fits(view);
          await accessible(view);
          // Here there is a scorer with grades and labels: elsewhere there is none.
          if (name === "scorer" && colorScheme === "light")
            sameText("aria/scorer.yml", structure(await view.locator("main").ariaSnapshot()));
          if (process.env.SHOTS) {
            mkdirSync(process.env.SHOTS, { recursive: true });
            await view.screenshot({ path: join(process.env.SHOTS, `${name}-${colorScheme}-${width}.png`), fullPage: true });
          }
          await view.context().close();
        });
      }
    }
  });
}
