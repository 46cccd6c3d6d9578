export default async function ({ story, page, go, server, workload, expect, WAIT }) {
  await story("a stretch is brushed out of the histogram and narrows the list", async () => {
    await go("/traces?live=off&range=1h");
    const bars = page.locator("[data-histogram]");
    await bars.waitFor(WAIT);
    const box = await bars.boundingBox();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.99, box.y + 30, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/since=\d+&until=\d+|until=\d+&since=\d+/, WAIT);
    await page.getByRole("button", { name: "Show all of it" }).click();
    await page.waitForURL((url) => !url.search.includes("since="), WAIT);
  });

  await story("space shows a request without leaving the list", async () => {
    await page.getByRole("list", { name: "Requests, newest first" }).locator("a").first().waitFor(WAIT);
    await page.keyboard.press("j");
    await page.keyboard.press(" ");
    await page.getByRole("dialog", { name: "Request" }).getByRole("link", { name: "Open" }).waitFor(WAIT);
    await page.keyboard.press("Escape");
  });

  await story("a decision is asked what it would have been without the deployment that served", async () => {
    const { items } = await server.api(`/traces?status=ok&origin=client&workload=${workload}&limit=200`);
    const span = items.find((row) => row.strategy !== "pinned" && !row.canary) ?? items.find((row) => row.strategy !== "pinned");
    await go(`/traces/${span.span_id}`);
    const card = page.getByRole("region", { name: "What if" });
    await card.locator("[data-what-if]").waitFor(WAIT);
    await card.getByRole("checkbox", { name: span.deployment }).uncheck();
    // What was said before the question may still stand there for a moment.
    await server.until("another answer", async () => {
      const said = await card.locator("[data-what-if] p").first().innerText();
      return /It would go to|Nobody could serve it/.test(said) && !said.includes(`to ${span.deployment}`);
    });
    await page.getByRole("table", { name: "Cost of the request" }).waitFor(WAIT);
    await page.getByRole("link", { name: "Open in playground" }).click();
    await page.waitForURL(/\/playground/, WAIT);
  });
}
