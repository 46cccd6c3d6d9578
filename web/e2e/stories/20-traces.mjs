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

  await story("a row is marked by x, and a stretch of time is chosen by the arrow keys", async () => {
    await go("/traces?live=off&range=1h");
    await page.getByRole("list", { name: "Requests, newest first" }).locator("a").first().waitFor(WAIT);
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.getByText("1 selected").waitFor(WAIT);
    await page.keyboard.press("x");
    await page.getByText("1 selected").waitFor({ state: "detached", ...WAIT });
    const bars = page.getByRole("group", { name: /requests in the last 1.h/ });
    await bars.focus();
    await page.keyboard.press("ArrowLeft");
    await page.waitForURL(/since=\d+/, WAIT);
    const [since, until] = ["since", "until"].map((name) => Number(new URL(page.url()).searchParams.get(name)));
    await page.keyboard.press("Shift+ArrowLeft");
    await page.waitForURL((url) => Number(url.searchParams.get("since")) === since - (until - since), WAIT);
    await page.keyboard.press("Escape");
    await page.waitForURL((url) => !url.search.includes("since="), WAIT);
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
