export default async function ({ story, page, go, expect, WAIT }) {
  await story("a canary page says its verdict in words", async () => {
    await go("/canaries");
    await page.getByRole("table", { name: "Canaries" }).locator("a").first().click(WAIT);
    const verdict = page.locator("[data-verdict]");
    await verdict.waitFor(WAIT);
    expect((await verdict.innerText()).trim().length > 12, "the verdict is empty");
  });
}
