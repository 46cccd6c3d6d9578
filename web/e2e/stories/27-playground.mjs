export default async function ({ story, page, go, server, workload, expect, WAIT }) {
  await story("one prompt is answered by the router and beside it by deployments, with tokens, cost and time", async () => {
    const { items } = await server.api("/deployments");
    await go(`/playground?workload=${workload}`);
    await page.getByRole("region", { name: "As router" }).waitFor(WAIT);
    await page.getByRole("textbox", { name: "Prompt", exact: true }).fill("What is 19 + 23?");
    await page.keyboard.press("Control+Enter");
    for (const name of ["As router", items[0].id]) {
      const column = page.getByRole("region", { name, exact: true });
      await column.getByRole("link", { name: "Its trace" }).waitFor(WAIT);
      const facts = await column.locator("[data-facts]").innerText();
      expect(/first token/.test(facts) && /tokens/.test(facts), `${name} says: ${facts}`);
    }
    await page.locator("[data-decision] p").first().waitFor(WAIT);
  });

  await story("a question is kept as an item of a new dataset", async () => {
    const name = `kept-${Date.now().toString(36)}`;
    await page.getByRole("button", { name: "Save as item…" }).click();
    await page.getByLabel(/^Expected answer/).fill("42");
    await page.getByLabel("Dataset, there already or new").fill(name);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page
      .getByRole("status")
      .getByText(/Saved in the draft of/)
      .waitFor(WAIT);
    const { items: kept } = await server.api(`/datasets/${name}/items?version=draft`);
    expect(kept.length === 1, "one item is kept");
    await page.getByRole("button", { name: "Close" }).click();
  });
}
