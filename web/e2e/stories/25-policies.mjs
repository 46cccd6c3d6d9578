export default async function ({ story, page, go, server, workload, expect, WAIT }) {
  await story("revisions are listed, one tells what it changed and what that would have done", async () => {
    await go("/policies");
    const rows = page.getByRole("table", { name: "Revisions" }).locator("tbody tr");
    await rows.first().waitFor(WAIT);
    const { items } = await server.api("/policies");
    expect((await rows.count()) === items.length, `${items.length} revisions wanted, ${await rows.count()} shown`);
    await page.keyboard.press("j");
    await page.keyboard.press(" ");
    await page.getByRole("dialog").waitFor(WAIT);
    await page.keyboard.press("Escape");
    await go(`/policies/${items.at(-1).revision}?workload=${items.at(-1).workload}`);
    await page.getByRole("table", { name: "Stages" }).waitFor(WAIT);
    await page
      .getByRole("region", { name: "Replay" })
      .getByText(/^(Of|Over) the last|^No routed/)
      .waitFor(WAIT);
  });

  await story("a revision is reverted to, and the reason is kept", async () => {
    const { items: workloads } = await server.api("/workloads");
    const { id } = workloads.find((row) => row.id !== workload) ?? workloads[0];
    const revisions = async () => (await server.api(`/workloads/${id}/policies`)).items;
    if ((await revisions()).length < 2) {
      const { items: canaries } = await server.api("/canaries");
      const { candidates } = await server.api(`/workloads/${id}`);
      const open = canaries.find((row) => row.workload === id && ["running", "held", "verifying"].includes(row.state));
      const candidate = candidates.find((each) => !each.stable).deployment;
      const canary = open ?? (await server.post("/canaries", { workload: id, candidate }));
      await server.post(`/canaries/${canary.id}/promote`, { reason: "a story wants a second revision" });
      await server.until("the second revision", async () => (await revisions()).length > 1);
    }
    const reason = `story ${Date.now()}`;
    await go(`/policies/${(await revisions())[1].revision}?workload=${id}`);
    await page.getByRole("button", { name: "Revert to this…" }).click(WAIT);
    await page.getByLabel(/^Reason/).fill(reason);
    await page.getByRole("button", { name: "Revert", exact: true }).click();
    await server.until("the revert", async () => (await revisions())[0].reason.includes(reason));
    await page.getByText("Routes now").waitFor(WAIT);
  });
}
