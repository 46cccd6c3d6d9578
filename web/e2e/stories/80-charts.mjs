// Pixels of the charts, drawn from data that never changes, in both themes.
import { createServer } from "vite";
import { samePicture } from "../lib/snapshot.mjs";

export default async function ({ story, browser, expect }) {
  const vite = await createServer({ server: { port: 0, host: "127.0.0.1", hmr: false, watch: null }, logLevel: "error" });
  await vite.listen();
  const { port } = vite.httpServer.address();
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.open({ colorScheme, viewport: { width: 700, height: 1800 } });
    await page.goto(`http://127.0.0.1:${port}/e2e/charts/index.html`);
    const charts = page.locator("[data-chart]");
    await charts.first().waitFor();
    await page.waitForFunction(() => document.querySelectorAll("canvas").length === 2);
    await page.evaluate(() => document.fonts.ready);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    expect((await charts.count()) === 6, "six charts are drawn");
    for (const chart of await charts.all()) {
      const name = await chart.getAttribute("data-chart");
      await story(`the ${name} chart looks as it did, ${colorScheme}`, async () => {
        await samePicture(page, `charts/${name}-${colorScheme}.png`, await chart.screenshot());
      });
    }
    await page.context().close();
  }
  await vite.close();
}
