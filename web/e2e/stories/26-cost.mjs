export default async function ({ story, page, go, server, expect, WAIT }) {
  await story("spending is split by workload, deployment, tag and key, and the split is in the URL", async () => {
    await go("/cost");
    const table = page.getByRole("table", { name: "Cost", exact: true });
    await table.locator("tbody tr").first().waitFor(WAIT);
    await page
      .getByRole("region", { name: "Saved", exact: true })
      .getByText(/best only/)
      .waitFor(WAIT);
    const tagged = await server.ask("", "What is 17 + 25?", { model: "sim/small" }, { "x-weir-tags": '{"team":"blue"}' });
    expect(tagged.ok, `a request with a tag was answered ${tagged.status}`);
    await tagged.text();
    await server.until("the tag", async () => (await server.api("/cost/table?by=key")).tags.includes("team"));
    await page.reload();
    for (const by of ["deployment", "tag:team", "key"]) {
      await page.getByRole("combobox", { name: "Split by" }).selectOption(by);
      await page.waitForURL((url) => url.searchParams.get("by") === by, WAIT);
      const { rows } = await server.api(`/cost/table?by=${by.replace("tag:", "tag&tag=")}`);
      await server.until(`a row per ${by}`, async () => (await table.locator("tbody tr").count()) === rows.length);
    }
    await page.locator("h1").click();
    await page.keyboard.press("t");
    await page.waitForURL(/range=/, WAIT);
    const saved = page.waitForEvent("download", WAIT);
    await page.keyboard.press("e");
    expect((await saved).suggestedFilename() === "cost-by-key.csv", "the CSV is named after what it shows");
  });
}
