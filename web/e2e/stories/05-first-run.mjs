// The first run, with no key and no configuration: one address, a checklist that ticks itself, and the demo.
import { withWeir } from "../lib/weir.mjs";

/** The demo says about 90 seconds; a debug build on a busy machine takes longer. */
const DEMO = 240_000;

export const aside = true;

export default async function ({ story, page, expect, WAIT }) {
  await withWeir({ vars: { GROQ_API_KEY: "gsk-0123456789abcdef" } }, async (server) => {
    const step = (title) => page.getByRole("listitem").filter({ hasText: title });
    const done = (title) => step(title).getByText(", done").waitFor(WAIT);

    await story("the overview of a new weir is a checklist that ticks by itself", async () => {
      await page.goto(server.base);
      await page.getByRole("region", { name: "First steps" }).waitFor(WAIT);
      await done("Connect a provider");
      expect((await step("Send a request").getByText(", done").count()) === 0, "a request is ticked that nobody has sent");
      const command = await page.getByLabel("A request to copy").innerText();
      expect(command.includes(`${server.base}/v1/chat/completions`), `the command names another place: ${command}`);
      const workload = /x-weir-workload: (\S+?)'/.exec(command)[1];
      await page.getByRole("tab", { name: "Python" }).click();
      const script = await page.getByLabel("A request to copy").innerText();
      expect(script.includes(`base_url="${server.base}/v1"`) && script.includes(`"weir/${workload}"`), `the script is ${script}`);
      const answer = await server.ask(workload);
      expect(answer.ok, `what the page says to send answers ${answer.status}`);
      const said = (await answer.json()).choices[0].message.content;
      expect(/^\d+$/.test(said), `the demo providers do not know the sum: ${said}`);
      await done("Send a request");
    });

    await story("a key in the environment is offered by name, and connects in one step", async () => {
      await page.getByRole("link", { name: "Connect groq GROQ_API_KEY" }).click();
      await page.waitForURL(/\/deployments\?add=groq$/, WAIT);
      const config = await page.getByLabel("Configuration to copy").innerText();
      expect(config.includes('provider = "groq"') && config.includes('api_key = "env:GROQ_API_KEY"'), `it makes ${config}`);
      expect(!(await page.content()).includes("gsk-0123456789abcdef"), "the key itself is on the page");
      await page.goBack();
      await page.getByRole("region", { name: "First steps" }).waitFor(WAIT);
    });

    await story("the demo plays: a canary is promoted and a bad one rolled back, as one watches", async () => {
      await page.getByRole("button", { name: "Play the demo" }).click();
      // In the checklist, or above the figures once the datasets of the demo have ended it.
      await page.getByText("The demo is playing").first().waitFor(WAIT);
      await page.evaluate(() => (window.notReloaded = true));
      const changed = page.getByRole("region", { name: "What changed" });
      const patience = { timeout: DEMO };
      // At once: the list is short, and whichever comes first may have left it when the other comes.
      await Promise.all(["Promoted", "Rolled back"].map((word) => changed.getByText(word).first().waitFor(patience)));
      expect(await page.evaluate(() => window.notReloaded), "the page was loaded again");
      const { items } = await server.api("/canaries");
      const states = new Set(items.map((canary) => canary.state));
      expect(states.has("promoted") && states.has("rolled_back"), `the canaries are ${[...states].join(", ")}`);
      const frontier = page.getByRole("region", { name: "Quality against cost" });
      await frontier.getByRole("img").waitFor(WAIT);
    });
  });
}
