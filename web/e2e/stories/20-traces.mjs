export default async function ({ story, page, go, server, workload, WAIT }) {
  await story("the live tail receives rows as requests are made", async () => {
    await go("/traces");
    await page.getByText(/^Live\./).waitFor(WAIT);
    const list = page.getByRole("list", { name: "Requests, newest first" });
    await page.mouse.move(5, 5);
    const shown = () => list.locator("a[href]").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    const before = new Set(await shown());
    for (let i = 0; i < 5; i += 1) await server.ask(workload, `What is ${i} + 25?`);
    await server.until("a new row", async () => (await shown()).some((href) => !before.has(href)));
  });

  await story("a trace tells why it went where it went", async () => {
    await go("/traces?status=ok&live=off");
    await page.getByRole("list", { name: "Requests, newest first" }).locator("a").first().waitFor(WAIT);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/traces\/[0-9a-f]{32}/, WAIT);
    await page.getByRole("table", { name: "Candidates of the decision" }).waitFor(WAIT);
  });
}
