export default async function ({ story, page, go, server, expect, WAIT }) {
  await story("the overview lists the workloads and draws its four numbers", async () => {
    await go("/");
    const row = page.getByRole("table", { name: "Workloads" }).locator("tbody tr");
    await row.first().waitFor(WAIT);
    const { workloads } = await server.api("/overview");
    expect((await row.count()) === workloads.length, `${workloads.length} workloads wanted, ${await row.count()} shown`);
    for (const title of ["Quality", "Cost, 24 h", "p95 latency", "Served by fallback"]) {
      await page.getByRole("region", { name: title, exact: true }).waitFor(WAIT);
    }
  });

  await story("t takes the next range, which the link keeps", async () => {
    await go("/?range=6h");
    const range = page.getByLabel("Time range");
    await page.getByRole("region", { name: "Cost, 6 h", exact: true }).waitFor(WAIT);
    expect((await range.inputValue()) === "6h", "the range of the link is not shown");
    await page.keyboard.press("t");
    await page.getByRole("region", { name: "Cost, 24 h", exact: true }).waitFor(WAIT);
    expect(!page.url().includes("range="), `the usual range is in the link: ${page.url()}`);
    await page.keyboard.press("t");
    await page.getByRole("region", { name: "Cost, 7 d", exact: true }).waitFor(WAIT);
    expect(page.url().includes("range=7d"), page.url());
    const { totals } = await server.api("/overview?range=7d");
    expect(totals.requests >= (await server.api("/overview?range=5m")).totals.requests, "a week holds less than five minutes");
  });
}
