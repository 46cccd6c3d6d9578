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
}
