export default async function ({ story, page, go, expect, WAIT }) {
  await story("the palette, the keys and the skip link work without a mouse", async () => {
    await go("/");
    await page.getByRole("heading", { name: "Overview" }).waitFor(WAIT);
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent === "Skip to the page"), "the skip link is not first");
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog", { name: "Jump to" }).getByRole("combobox").fill("depl");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/deployments$/, WAIT);
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.waitForURL(/\/canaries$/, WAIT);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor(WAIT);
    await page.keyboard.press("Escape");
  });
}
