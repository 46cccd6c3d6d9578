// A dataset out of traffic, one item out of a request, and what leaves as a file.
import { readFileSync } from "node:fs";

export default async function ({ story, page, go, server, workload, expect, WAIT }) {
  const name = `traffic-${Date.now().toString(36)}`;

  await story("requests are filtered, drawn from every stratum alike, previewed and put into a draft", async () => {
    await go(`/traces?live=off&workload=${workload}`);
    await page.getByRole("link", { name: "To a dataset…" }).click(WAIT);
    const panel = page.getByRole("region", { name: "From traces" });
    await panel.getByLabel("Dataset, there already or new").fill(name);
    expect(
      (await panel.getByRole("combobox", { name: "Workload", exact: true }).inputValue()) === workload,
      "the filter of the list is not taken over",
    );
    await panel.getByLabel("At most so many").fill("6");
    await panel.getByRole("button", { name: "Preview" }).click();
    const strata = panel.getByRole("table", { name: "Drawn from" });
    await strata.waitFor(WAIT);
    await panel.getByRole("table", { name: "Preview" }).waitFor(WAIT);
    expect(!(await server.api("/datasets")).items.some((row) => row.name === name), "a preview has made a dataset");
    const put = panel.getByRole("button", { name: /^Put \d+ items? into the draft/ });
    const promised = Number(/\d+/.exec(await put.innerText())[0]);
    await put.click();
    await page.waitForURL(new RegExp(`/datasets/${name}`), WAIT);
    const { items } = await server.api(`/datasets/${name}/items?version=draft`);
    expect(items.length === promised, `${promised} items promised, ${items.length} are there`);
    for (const { item } of items) {
      const { p } = item.source;
      expect(p > 0 && p <= 1, `an item has no probability: ${JSON.stringify(item.source)}`);
    }
  });

  await story("a filter that fits nothing says so", async () => {
    await go("/datasets?from=traces&workload=" + workload);
    const panel = page.getByRole("region", { name: "From traces" });
    await panel.getByLabel("Dataset, there already or new").fill(`none-${name}`);
    await panel.getByLabel(/^And/).fill("latency_ms>86400000");
    await panel.getByRole("button", { name: "Preview" }).click();
    await panel.getByText(/There is no request that fits/).waitFor(WAIT);
  });

  await story("a request is kept as one more item of the same draft", async () => {
    const before = (await server.api(`/datasets/${name}/items?version=draft`)).items.length;
    const asked = `What is 1 + ${Date.now() % 1000}?`;
    await go(`/playground?workload=${workload}&prompt=${encodeURIComponent(asked)}`);
    await page.getByRole("button", { name: "Save as item…" }).click(WAIT);
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Expected answer/).fill("42");
    await dialog.getByLabel("Dataset, there already or new").fill(name);
    await dialog.getByText("It is there: the items go into its draft.").waitFor(WAIT);
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await dialog.getByText(/Saved in the draft of/).waitFor(WAIT);
    const { items } = await server.api(`/datasets/${name}/items?version=draft`);
    expect(items.length === before + 1, `${before} items before, ${items.length} after`);
  });

  await story("what is exported is just what is shown", async () => {
    await go(`/datasets/${name}`);
    await page.getByRole("list", { name: "Items" }).waitFor(WAIT);
    await page.locator("h1").click();
    await page.keyboard.press("e");
    const dialog = page.getByRole("dialog", { name: `Export ${name}` });
    await dialog.waitFor(WAIT);
    const saved = page.waitForEvent("download", WAIT);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    const download = await saved;
    expect(download.suggestedFilename() === `${name}.jsonl`, `the file is called ${download.suggestedFilename()}`);
    const lines = readFileSync(await download.path(), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter((line) => line.input !== undefined);
    const { items } = await server.api(`/datasets/${name}/items?version=draft`);
    expect(lines.length === items.length, `${items.length} items are shown, ${lines.length} are in the file`);
  });

  await story("a table is exported as it is sorted, and its selection alone", async () => {
    await go("/deployments?sort=-deployment");
    const table = page.getByRole("table", { name: "Deployments" });
    await table.locator("tbody tr").first().waitFor(WAIT);
    const shown = await table.locator("tbody th").allInnerTexts();
    const file = async (act) => {
      const saved = page.waitForEvent("download", WAIT);
      await act();
      return readFileSync(await (await saved).path(), "utf8")
        .split("\r\n")
        .slice(1);
    };
    const all = await file(() => page.keyboard.press("e"));
    expect(all.length === shown.length, `${shown.length} rows shown, ${all.length} in the file`);
    shown.forEach((name, i) => expect(all[i].startsWith(name.trim()), `row ${i} is ${all[i]}, shown is ${name}`));
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    const one = await file(() => page.getByRole("button", { name: "Export them" }).click());
    expect(one.length === 1 && one[0].startsWith(shown[1].replace("✓", "").trim()), `the selection is ${one.join(" / ")}`);
  });
}
