// The first job: a dataset is registered. A file is dropped, its columns are mapped, bad lines are named, a version is
// published, edited through a draft and exported. By mouse first, then by keyboard alone.

const CSV = [
  "frage,antwort",
  "What is 2 + 2?,4",
  "What is 3 + 4?,7",
  '"Name the largest, by mass, planet.",Jupiter',
  "one,two,three,four",
].join("\n");
const PROMPTFOO = `prompts:
  - "Answer briefly: {{question}}"
tests:
  - vars:
      question: What is 8 + 5?
    assert:
      - type: equals
        value: "13"
  - vars:
      question: What is 9 + 5?
    assert:
      - type: equals
        value: "14"
`;
export default async function ({ story, page, go, server, expect, WAIT }) {
  const name = `story-${Date.now().toString(36)}`;
  const button = (text) => page.getByRole("button", { name: text });
  const items = () => page.getByRole("list", { name: "Items" }).getByRole("button");
  const importing = async () => {
    await page.getByRole("table", { name: "Preview" }).waitFor(WAIT);
  };

  await story("a CSV file is dropped, its columns are mapped, and its bad line is named by number", async () => {
    await go("/datasets");
    const zone = page.getByRole("region", { name: "Import a dataset" });
    await zone.waitFor(WAIT);
    const carried = await page.evaluateHandle((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "fragen.csv", { type: "text/csv" }));
      return data;
    }, CSV);
    await zone.dispatchEvent("dragover", { dataTransfer: carried });
    await zone.dispatchEvent("drop", { dataTransfer: carried });
    await page.getByText(/Line 5:/).waitFor(WAIT);
    await page.getByLabel("What is asked (needed)").selectOption("frage");
    await page.getByLabel("Expected answer").selectOption("antwort");
    await importing();
    await page.getByRole("table", { name: "Preview" }).getByText("Jupiter").waitFor(WAIT);
    expect(await button(/^Import \d/).isDisabled(), "it is imported although a line cannot be read");
    await page.getByRole("checkbox").check();
    await page.getByLabel("Name", { exact: true }).fill(name);
    await button(/^Import 3/).click();
    await page.waitForURL(new RegExp(`/datasets/${name}`), WAIT);
    await items().first().waitFor(WAIT);
    expect((await items().count()) === 3, `${await items().count()} items are shown`);
  });

  await story("an item is changed in a draft, compared, and published as a new version", async () => {
    await go(`/datasets/${name}`);
    await items().filter({ hasText: "2 + 2" }).click(WAIT);
    await page.getByLabel(/^Expected answer/).fill("four");
    await button("Save into the draft").click();
    await page.getByText("Edits wait to be published.").waitFor(WAIT);
    await page.getByRole("link", { name: "What changes?" }).click();
    const changes = page.getByRole("table", { name: "Items that differ" });
    await changes.getByText("four").waitFor(WAIT);
    await page.getByLabel("Note, shown with the version").fill("in words");
    await button("Publish").click();
    await page.getByText("Edits wait to be published.").waitFor({ state: "detached", ...WAIT });
    await page
      .getByRole("table", { name: `Versions of ${name}` })
      .getByText("in words")
      .waitFor(WAIT);
    const { versions } = await server.api(`/datasets/${name}`);
    expect(versions.length === 2, `${versions.length} versions are there`);
  });

  await story("it is found by text and deleted by its name", async () => {
    await go(`/datasets/${name}?q=planet`);
    await items().first().waitFor(WAIT);
    expect((await items().count()) === 1, "the filter shows more than fits");
    await button(/^Delete/).click();
    const act = page.getByRole("dialog").getByRole("button", { name: "Delete" });
    expect(await act.isDisabled(), "it is deleted without its name");
    await page.getByRole("dialog").getByRole("textbox").fill(name);
    await act.click();
    await page.waitForURL(/\/datasets$/, WAIT);
    expect(!(await server.api("/datasets")).items.some((row) => row.name === name), "it is still listed");
  });

  await story("a promptfoo file is imported, published and run by keyboard alone", async () => {
    const name = `keys-${Date.now().toString(36)}`;
    const key = (pressed) => page.keyboard.press(pressed);
    /** Goes on by Tab until what has focus answers to that name. */
    const tabTo = async (wanted) => {
      for (let i = 0; i < 80; i += 1) {
        const focused = await page.evaluate(() => {
          const at = document.activeElement;
          return (
            at?.getAttribute("aria-label") ??
            at?.closest("label")?.querySelector("span")?.textContent ??
            at?.textContent ??
            ""
          ).trim();
        });
        if (wanted.test(focused)) return;
        await key("Tab");
      }
      expect(false, `Tab does not come to ${wanted}`);
    };
    // Listened for from the start: Chromium has to be told before the key is pressed.
    const chosen = new Promise((done) => page.once("filechooser", done));
    await go("/");
    await page.locator("h1").first().waitFor(WAIT);
    await key("g");
    await key("d");
    await page.getByRole("region", { name: "Import a dataset" }).waitFor(WAIT);
    await tabTo(/^Choose a file/);
    await key("Enter");
    await (await chosen).setFiles({ name: `${name}.yaml`, mimeType: "application/yaml", buffer: Buffer.from(PROMPTFOO) });
    await importing();
    await page.getByText(/Its fields are known, there is nothing to match/).waitFor(WAIT);
    await tabTo(/^Import 2 items/);
    await key("Enter");
    await page.waitForURL(new RegExp(`/datasets/${name}`), WAIT);
    await items().first().waitFor(WAIT);
    expect((await items().count()) === 2, `${await items().count()} items are shown`);
    await tabTo(/^Run it/);
    await key("Enter");
    await page.getByRole("dialog").waitFor(WAIT);
    expect(page.url().includes(`start=${name}`), `${page.url()} does not start a run of ${name}`);
  });
}
