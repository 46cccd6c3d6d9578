// weir goes away while somebody looks, and comes back: the page says so, stays a page, and goes on by itself.
import { withWeir } from "../lib/weir.mjs";

export const aside = true;

export default async function ({ story, page, expect, WAIT }) {
  await withWeir("", async (server, _, { kill, again }) => {
    await story("a page that is open says that weir does not answer, and goes on once it does", async () => {
      await page.goto(server.base);
      await page.getByRole("region", { name: "First steps" }).waitFor(WAIT);
      await page.evaluate(() => (window.notReloaded = true));
      await kill();
      const alert = page.getByRole("alert").filter({ hasText: "weir does not answer" });
      await alert.waitFor(WAIT);
      await page.getByRole("region", { name: "First steps" }).waitFor(WAIT);

      // The code of this page has never been fetched.
      await page.getByRole("link", { name: "Playground", exact: true }).click();
      await page.getByRole("alert").filter({ hasText: "opens by itself" }).waitFor(WAIT);
      await page.getByRole("link", { name: "Overview", exact: true }).click();
      await page.getByRole("heading", { name: "Overview" }).waitFor(WAIT);

      await again();
      await alert.waitFor({ ...WAIT, state: "detached" });
      await page.getByRole("button", { name: "Live" }).waitFor(WAIT);
      expect(await page.evaluate(() => window.notReloaded), "the page was loaded again");
    });

    await story("a page whose code did not come opens by itself once weir is back", async () => {
      await kill();
      await page.getByRole("link", { name: "System", exact: true }).click();
      await page.getByRole("alert").filter({ hasText: "opens by itself" }).waitFor(WAIT);
      await again();
      await page.getByRole("heading", { name: "System" }).waitFor(WAIT);
      await page.getByRole("region", { name: "Job queue" }).waitFor(WAIT);
    });

    await story("the network goes and comes, and the page with it", async () => {
      await page.context().setOffline(true);
      await page.getByRole("alert").filter({ hasText: "weir does not answer" }).waitFor(WAIT);
      await page.context().setOffline(false);
      await page
        .getByRole("alert")
        .filter({ hasText: "weir does not answer" })
        .waitFor({ ...WAIT, state: "detached" });
      await page.getByRole("button", { name: "Live" }).waitFor(WAIT);
    });
  });
}
