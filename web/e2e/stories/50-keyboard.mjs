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

  await story("every page is reached by g and a letter, and the help and the palette know them all", async () => {
    await go("/");
    await page.locator("h1").first().waitFor(WAIT);
    const links = await page
      .getByRole("navigation", { name: "Pages" })
      .getByRole("link")
      .evaluateAll((all) => all.map((link) => [link.firstChild.textContent.trim(), link.getAttribute("href")]));
    await page.keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Keys" });
    await help.waitFor(WAIT);
    const said = await help.locator("dd").first().innerText();
    await page.keyboard.press("Escape");
    for (const [label, href] of links) {
      const letter = new RegExp(`(\\w)\\s+${label}`).exec(said)?.[1];
      expect(letter, `the help does not know ${label}: ${said}`);
      await page.keyboard.press("g");
      await page.keyboard.press(letter);
      await page.waitForURL((url) => url.pathname === href, WAIT);
      await page.keyboard.press("Control+k");
      const jump = page.getByRole("dialog", { name: "Jump to" });
      await jump.getByRole("combobox").fill(label);
      await jump.getByRole("option", { name: new RegExp(`^${label}\\s*page`) }).waitFor(WAIT);
      await page.keyboard.press("Escape");
      await jump.waitFor({ state: "detached", ...WAIT });
    }
  });

  await story("rows are as high as the reader likes, in tables and in long lists, and stay so", async () => {
    const choose = async (words) => {
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog", { name: "Jump to" }).getByRole("combobox").fill(words);
      await page.keyboard.press("Enter");
    };
    const high = async (path, row, px) => {
      await go(path);
      await row.first().waitFor(WAIT);
      const { height } = await row.first().boundingBox();
      expect(Math.abs(height - px) <= 1, `a row of ${path} is ${height} px high, not ${px}`);
    };
    const table = page.getByRole("table", { name: "Workloads" }).locator("tbody tr");
    const list = page.getByRole("list", { name: "Requests, newest first" }).getByRole("listitem");
    await go("/workloads");
    await table.first().waitFor(WAIT);
    for (const [words, px] of [
      ["Dense rows", 26],
      ["Comfortable rows", 40],
      ["Usual rows", 32],
    ]) {
      await choose(words);
      await high("/workloads", table, px);
      await high("/traces?live=off", list, px);
    }
  });

  await story("keys pressed in the moment a dialog closes are the page's", async () => {
    await go("/");
    await page.locator("h1").first().waitFor(WAIT);
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog", { name: "Jump to" }).getByRole("combobox").waitFor(WAIT);
    // Nothing is drawn between these three, so the input that is gone still has the focus.
    const held = await page.evaluate(() => {
      document.querySelector("dialog")?.close();
      const at = document.activeElement;
      for (const key of ["g", "w"]) at?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      return at?.tagName;
    });
    expect(held === "INPUT", `the story is about an input that keeps the focus, and ${held} has it`);
    await page.waitForURL(/\/workloads$/, WAIT);
  });

  await story("every list moves, opens, peeks and selects by the same keys", async () => {
    for (const [path, label] of [
      ["/workloads", "Workloads"],
      ["/canaries", "Canaries"],
      ["/policies", "Revisions"],
      ["/deployments", "Deployments"],
      ["/cost", "Cost"],
      ["/datasets", "Datasets"],
    ]) {
      await go(path);
      const table = page.getByRole("table", { name: label, exact: true });
      await table.locator("[data-row]").first().waitFor(WAIT);
      await page.keyboard.press("j");
      expect(
        await table
          .locator("[data-row]")
          .first()
          .evaluate((row) => row === document.activeElement),
        `${path}: j moves to no row`,
      );
      await page.keyboard.press(" ");
      await page.getByRole("dialog", { name: label }).waitFor(WAIT);
      await page.keyboard.press("Escape");
      await page.keyboard.press("x");
      await page.getByText("1 selected").waitFor(WAIT);
    }
  });
}
