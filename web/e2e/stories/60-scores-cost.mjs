// The third job: what each route scores and costs, read by mouse and by keyboard alone.

export default async function ({ story, page, go, server, workload, expect, WAIT }) {
  const tab = (name) => page.getByRole("tab", { name, exact: true });
  const opened = async (name) => {
    await page.getByRole("tab", { name, selected: true, exact: true }).waitFor(WAIT);
    await page.waitForFunction(() => document.querySelector(".skeleton") === null, undefined, WAIT);
  };

  await story("each view of a workload answers its question, and the link says which", async () => {
    await go(`/workloads/${workload}`);
    for (const [name, region, search] of [
      ["Cost", "Cost by candidate", "tab=cost"],
      ["Speed", "Latency by candidate", "tab=speed"],
      ["Route", "Policy", "tab=route"],
      ["Settings", "Scorers", "tab=settings"],
    ]) {
      await tab(name).click(WAIT);
      await opened(name);
      await page.getByRole("region", { name: region, exact: true }).waitFor(WAIT);
      expect(page.url().includes(search), `${page.url()} does not say ${search}`);
    }
    await page.goBack();
    await page.goto(`${server.base}/workloads/${workload}?tab=route`);
    await page.getByRole("list", { name: "Policy as a tree" }).getByText("the first that is left serves").waitFor(WAIT);
  });

  await story("every chart can be read as a table", async () => {
    await go(`/workloads/${workload}?tab=speed`);
    await page.getByRole("button", { name: "Table of Latency over time" }).click(WAIT);
    const chart = page.getByRole("region", { name: "Latency over time" });
    await chart.getByRole("columnheader", { name: "Time" }).waitFor(WAIT);
    expect(await chart.getByText(/ms$/).first().isVisible(), "no latency is in the table");
  });

  await story("a deployment shows its last hour, and its key is tested after a yes", async () => {
    const { items } = await server.api("/deployments");
    await go("/deployments");
    await page.getByRole("link", { name: items[0].id, exact: true }).click(WAIT);
    const test = page.getByRole("region", { name: "Live test" });
    const yes = test.getByRole("checkbox");
    if ((await yes.count()) > 0) {
      expect(await test.getByRole("button", { name: "Test now" }).isDisabled(), "it spends without a yes");
      await yes.check();
    }
    await test.getByRole("button", { name: "Test now" }).click();
    await test.getByText("It works.").waitFor(WAIT);
    await test.getByRole("link", { name: "its trace" }).waitFor(WAIT);
  });

  await story("the same by keyboard alone: to a workload, through its views, to the deployments", async () => {
    const key = (name) => page.keyboard.press(name);
    await go("/");
    await page.locator("h1").first().waitFor(WAIT);
    await key("g");
    await key("w");
    await page.getByRole("heading", { name: "Workloads", level: 1 }).waitFor(WAIT);
    await page.getByRole("table", { name: "Workloads" }).waitFor(WAIT);
    await key("j");
    await key("Enter");
    await page.waitForURL(/\/workloads\/.+/, WAIT);
    await tab("Quality").focus();
    for (const name of ["Cost", "Speed", "Route", "Settings"]) {
      await key("ArrowRight");
      await opened(name);
      expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-selected") === "true"), "focus does not follow");
    }
    await key("g");
    await key("p");
    await page.getByRole("table", { name: "Deployments" }).waitFor(WAIT);
    await key("j");
    await key("Enter");
    await page.getByRole("region", { name: "Live test" }).waitFor(WAIT);
  });

  await story("the box tells its state, its settings with origins, and who did what", async () => {
    await go("/system");
    await page.getByRole("region", { name: "Store" }).getByText(/MB|kB/).first().waitFor(WAIT);
    await tab("Configuration").click();
    await page.keyboard.press("/");
    await page.keyboard.type("candidates");
    await page.getByRole("rowheader", { name: `workloads.${workload}.candidates` }).waitFor(WAIT);
    await tab("Audit log").click();
    await page.getByText("The chain is whole.").waitFor(WAIT);
  });
}
