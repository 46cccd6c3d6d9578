// The second job: a canary is started, watched to its promotion, and another is rolled back with a reason that is kept.
// By mouse first, then by keyboard alone. It comes before the pages, which show the canary with the most evidence.

const FAST = { steps: [0.5], margin: 0.1, bake_ms: 0, min_duration_ms: 0, verify_pairs: 0, min_pairs: 20, risk_budget: 1, cooldown_ms: 0 };

export default async function ({ story, page, go, server, workload, expect, WAIT }) {
  const verdict = page.locator("[data-verdict]");
  const says = (text) => verdict.getByText(text).first().waitFor(WAIT);
  const button = (name) => page.getByRole("button", { name });
  /** Whoever is on trial gives way to the next. */
  const clear = async () => {
    for (const canary of (await server.api(`/canaries?workload=${workload}`)).items) {
      if (["running", "held", "verifying", "shadow"].includes(canary.state))
        await server.post(`/canaries/${canary.id}/roll_back`, { reason: "makes way" });
    }
  };
  const start = async (candidate) => {
    await clear();
    return server.post("/canaries", { workload, candidate, ...FAST });
  };
  /** Goes on by Tab until what has focus is called that. */
  const tabTo = async (name) => {
    for (let i = 0; i < 25; i += 1) {
      const focused = await page.evaluate(() =>
        (document.activeElement?.closest("label, button, summary") ?? document.activeElement)?.textContent?.trim(),
      );
      if (focused === name) return;
      await page.keyboard.press("Tab");
    }
    expect(false, `Tab does not come to ${name}`);
  };
  const candidates = (await server.api(`/workloads/${workload}`)).candidates.filter((row) => !row.stable).map((row) => row.deployment);

  await story("a canary is started from the list, with what it will take said before", async () => {
    await clear();
    await go("/canaries");
    await button(/^Start a canary/).click(WAIT);
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/An equally good candidate needs about/).waitFor(WAIT);
    await dialog.getByLabel(/^Candidate/).selectOption(candidates[0]);
    await dialog.getByText(/^More/).click();
    await dialog.getByLabel(/^Try it again/).check();
    await dialog.getByRole("button", { name: "Start" }).click();
    await page.waitForURL(/\/canaries\/c-/, WAIT);
    await says("Waiting for the first pairs.");
  });

  await story("it is paused, resumed and rolled back, each with its reason in the timeline", async () => {
    const timeline = page.getByRole("table", { name: "Timeline" });
    await button(/^Pause/).click();
    await page.getByLabel(/^Reason/).fill("lunch");
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await says("Paused by a person.");
    await button(/^Resume/).click();
    await page.getByLabel(/^Reason/).fill("back again");
    await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
    await button(/^Pause/).waitFor(WAIT);
    await button(/^Roll back/).click();
    const act = page.getByRole("dialog").getByRole("button", { name: "Roll back" });
    expect(await act.isDisabled(), "it can be rolled back without a reason");
    await page.getByLabel(/^Reason/).fill("too terse");
    await act.click();
    await says("Rolled back.");
    for (const reason of ["lunch", "back again", "too terse"]) await timeline.getByText(reason).first().waitFor(WAIT);
    const audit = await server.api("/audit?limit=5");
    expect(audit.items.some((row) => row.reason.includes("too terse")) && audit.broken_at === null, "the audit log does not know it");
  });

  await story("a canary is watched to its promotion by the events alone", async () => {
    const canary = await start(candidates[1] ?? candidates[0]);
    await go(`/canaries/${canary.id}`);
    await says("Waiting for the first pairs.");
    await page.evaluate(() => (window.notReloaded = true));
    const deadline = Date.now() + 90_000;
    while (Date.now() < deadline) {
      const { state } = await server.api(`/canaries/${canary.id}`);
      if (state !== "running") break;
      const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => server.ask(workload, `What is ${i} + ${Date.now() % 97}?`)));
      const spans = answers.map((answer) => answer.headers.get("x-weir-span-id"));
      await Promise.all(answers.map((answer) => answer.text()));
      await Promise.all(spans.map((span_id) => server.post("/scores", { span_id, name: canary.scorer, value: 1 })));
    }
    await verdict.getByText("Promoted.", { exact: true }).waitFor(WAIT);
    expect(await page.evaluate(() => window.notReloaded), "the page was loaded again");
    await page.getByText("becomes stable").waitFor({ state: "detached", ...WAIT });
    await page.getByRole("table", { name: "From requests to evidence" }).getByText("Scored").waitFor(WAIT);
    await page.getByRole("button", { name: "Table of Grade difference, candidate − stable" }).waitFor(WAIT);
  });

  await story("a freeze is seen on every canary until it is lifted", async () => {
    await go("/canaries");
    await button(/^Freeze/).click(WAIT);
    await page.getByLabel(/^Reason/).fill("release day");
    await page.getByRole("dialog").getByRole("button", { name: "Freeze" }).click();
    await page.getByText("release day").waitFor(WAIT);
    await button("Let it go on").click();
    await page.getByText("release day").waitFor({ state: "detached", ...WAIT });
  });

  await story("the same by keyboard alone: start, pause, go on, take back", async () => {
    await clear();
    await go("/");
    await page.locator("h1").first().waitFor(WAIT);
    const key = (name) => page.keyboard.press(name);
    await key("g");
    await key("c");
    await page.getByRole("heading", { name: "Canaries", level: 1 }).waitFor(WAIT);
    await page.getByRole("table", { name: "Canaries" }).waitFor(WAIT);
    await key("n");
    await page.getByLabel(/^Candidate/).waitFor(WAIT);
    await server.until("the candidate to have focus", () => page.evaluate(() => document.activeElement?.tagName === "SELECT"));
    await page
      .getByRole("dialog")
      .getByText(/needs about/)
      .waitFor(WAIT);
    await tabTo("More: shadow, saving, approval, another try");
    await key("Enter");
    await tabTo("Try it again, although it was rolled back lately");
    await key("Space");
    await tabTo("Start");
    await key("Enter");
    await page.waitForURL(/\/canaries\/c-/, WAIT);
    await says("Waiting for the first pairs.");
    await key("p");
    await page.getByLabel(/^Reason/).waitFor(WAIT);
    await page.keyboard.type("by keyboard");
    await key("Enter");
    await says("Paused by a person.");
    await key("p");
    await page.getByLabel(/^Reason/).waitFor(WAIT);
    await key("Enter");
    await button(/^Pause/).waitFor(WAIT);
    await key("r");
    await page.getByLabel(/^Reason/).waitFor(WAIT);
    await page.keyboard.type("done here");
    await key("Enter");
    await says("Rolled back.");
    await page.getByRole("table", { name: "Timeline" }).getByText("done here").first().waitFor(WAIT);
  });

  await story("one is promoted by keyboard alone, with its name and a reason", async () => {
    const canary = await start(candidates[0]);
    await go(`/canaries/${canary.id}`);
    await says("Waiting for the first pairs.");
    await page.keyboard.press("Shift+P");
    await page.getByLabel(/^Reason/).waitFor(WAIT);
    await page.keyboard.type("measured elsewhere");
    await page.keyboard.press("Enter");
    expect((await server.api(`/canaries/${canary.id}`)).state === "running", "half of the traffic moved without its name");
    await page.keyboard.press("Tab");
    await page.keyboard.type(canary.candidate.split("/").at(-1));
    await page.keyboard.press("Enter");
    await says("Promoted.");
    await page.getByRole("table", { name: "Timeline" }).getByText("measured elsewhere").first().waitFor(WAIT);
  });
}
