// Orders to a canary: a start that is refused for the judge's sake and accepted, and one that is about what has moved
// meanwhile. On a weir of its own, whose judge is of the family of both arms.
import { accessible } from "../lib/browser.mjs";
import { withWeir } from "../lib/weir.mjs";

const CONFIG = `
[workloads.maths]
candidates = ["sim/large", "sim/small"]
floor = 0.1
scorers = ["factual"]
[scorers.factual]
kind = "judge"
model = "sim/large"
template = "factuality"
`;

export default async function ({ story, page, expect, WAIT }) {
  await withWeir(CONFIG, async (server) => {
    const dialog = page.getByRole("dialog");
    const button = (name) => dialog.getByRole("button", { name });
    const verdict = page.locator("[data-verdict]");
    const only = async () => (await server.api("/canaries")).items[0];

    await story("a judge of the candidate's family is refused with its reason, and accepted with one", async () => {
      await page.goto(`${server.base}/canaries?start=maths`);
      await button("Start").click(WAIT);
      await dialog.getByText(/is of the family of sim\/small/).waitFor(WAIT);
      expect((await server.api("/canaries")).items.length === 0, "it was started all the same");
      expect(await button("Start").isDisabled(), "it can be started again without accepting anything");
      await accessible(page);
      await dialog.getByLabel(/^Accept a judge/).check();
      expect(await button("Start").isDisabled(), "it can be accepted without a reason");
      await dialog.getByLabel(/^Reason/).fill("people label it too");
      await button("Start").click();
      await page.waitForURL(/\/canaries\/c-/, WAIT);
      await page
        .locator("[data-warnings]")
        .getByText(/is of the family of sim\/small/)
        .waitFor(WAIT);
      await page
        .getByRole("table", { name: "Timeline" })
        .getByText(/: people label it too$/)
        .waitFor(WAIT);
    });

    await story("a canary is followed by its own topic, and nothing flickers", async () => {
      const { id } = await only();
      const topic = page.waitForRequest(/\/live\/canaries$/, WAIT);
      await page.goto(`${server.base}/canaries/${id}`);
      await topic;
      await verdict.waitFor(WAIT);
      await page.evaluate(() => {
        window.skeletons = 0;
        const seen = () => (window.skeletons += document.querySelectorAll("main .skeleton").length);
        new MutationObserver(seen).observe(document.querySelector("main"), { childList: true, subtree: true });
      });
      await server.post(`/canaries/${id}/pause`, { reason: "lunch" });
      await verdict.getByText("Paused by a person.").waitFor(WAIT);
      await server.post(`/canaries/${id}/resume`, { reason: "back" });
      await verdict.getByText("Paused by a person.").waitFor({ state: "detached", ...WAIT });
      await page
        .getByRole("table", { name: "Timeline" })
        .getByText(/: back$/)
        .waitFor(WAIT);
      expect((await page.evaluate(() => window.skeletons)) === 0, "a part of the page went away while it was asked for again");
    });

    await story("an order about what has moved meanwhile is refused, and given again once that was shown", async () => {
      const { id } = await only();
      await page.getByRole("button", { name: /^Promote now/ }).click(WAIT);
      await dialog.getByLabel(/^Reason/).fill("known good");
      const name = dialog.getByLabel(/to confirm$/);
      if (await name.count()) await name.fill((await dialog.locator("label code").innerText()).trim());
      await server.post(`/canaries/${id}/pause`, { reason: "wait" });
      await verdict.getByText("Paused by a person.").waitFor({ state: "attached", ...WAIT });
      await button("Promote now").click();
      await dialog.getByText("W0113").first().waitFor(WAIT);
      expect((await only()).state === "held", "the order was carried out");
      await button("Promote now").click();
      await server.until("the promotion", async () => (await only()).state === "promoted");
      await dialog.waitFor({ state: "detached", ...WAIT });
    });
  });
}
