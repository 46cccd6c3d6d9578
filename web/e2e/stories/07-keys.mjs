// A weir with keys: it asks for one and says what is wrong with others; refused provider keys and spent budgets are told.
import { createServer } from "node:http";
import { accessible, fits, settled } from "../lib/browser.mjs";
import { withWeir } from "../lib/weir.mjs";

const OPS = "ops-secret-0123456789";
const DEV = "dev-secret-0123456789";
const config = (upstream) => `
[egress]
allow_private = true
[workloads.support]
candidates = ["sim/large", "sim/small"]
floor = 0.8
[deployments."groq/llama"]
provider = "groq"
base_url = "${upstream}/v1"
model = "llama"
api_key = "env:GROQ_API_KEY"
[keys.ops]
secret = "env:OPS"
grant = "admin"
[keys.dev]
secret = "env:DEV"
grant = "caller"
max_usd_per_day = 0.012
`;

/** A provider that refuses every key. */
function refusing() {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(401, { "content-type": "application/json" }).end('{"error":{"message":"Invalid API Key"}}');
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

export const aside = true;

export default async function ({ story, page, browser, expect, WAIT }) {
  const upstream = await refusing();
  const vars = { OPS, DEV, GROQ_API_KEY: "gsk-0123456789abcdef" };
  const text = config(`http://127.0.0.1:${upstream.address().port}`);
  try {
    await withWeir({ text, vars }, async (server) => {
      const as = (key) => ({ authorization: `Bearer ${key}` });
      const open = async (key) => {
        await page.getByLabel("Key", { exact: true }).fill(key);
        await page.getByRole("button", { name: "Open" }).click();
      };

      await story("it asks for a key, and says of others what is wrong with them", async () => {
        await page.goto(`${server.base}/deployments`);
        await page.getByRole("heading", { name: "This weir asks for a key" }).waitFor(WAIT);
        await fits(page);
        await accessible(page);
        await open("nobody-knows-0123456789");
        await page.getByRole("heading", { name: "This key is not known" }).waitFor(WAIT);
        await open(DEV);
        await page.getByRole("heading", { name: "This key opens requests only" }).waitFor(WAIT);
        await open(OPS);
        await page.getByRole("table", { name: "Deployments" }).waitFor(WAIT);
      });

      await story("a provider's key that is refused is named, and leads to its deployment", async () => {
        const answer = await server.ask("support", "Hello", { model: "groq/llama" }, as(OPS));
        expect(answer.status === 502, `the refusing provider was answered with ${answer.status}`);
        await page.goto(server.base);
        const said = page.getByText("Groq refuses the key env:GROQ_API_KEY of groq/llama");
        await said.waitFor(WAIT);
        await said.locator("..").getByRole("link", { name: "Look" }).click();
        await page.waitForURL(/\/deployments\?open=groq\/llama$/, WAIT);
        await page.getByText("Key refused").waitFor(WAIT);
        await page.getByRole("region", { name: "groq/llama" }).waitFor(WAIT);
      });

      await story("a budget that is nearly spent is told by the key's name", async () => {
        let status = 200;
        for (let i = 0; i < 200 && status === 200; i += 1) {
          const answer = await server.ask("support", `What is ${i} + 25?`, { max_tokens: 1 }, as(DEV));
          status = answer.status;
          await answer.text();
        }
        expect(status === 402, `requests beyond the budget were answered ${status}`);
        await page.goto(server.base);
        const told = page.getByText(/Key dev: /);
        await told.waitFor({ timeout: 90_000 });
        await told.locator("..").getByRole("link", { name: "Look" }).click();
        await page.waitForURL(/\/system\?tab=keys$/, WAIT);
        await page.getByRole("table", { name: "Keys" }).waitFor(WAIT);
      });

      await story("what needs a person is told without a fault in both themes", async () => {
        for (const colorScheme of ["light", "dark"]) {
          const view = await browser.open({ colorScheme });
          await view.addInitScript((key) => sessionStorage.setItem("weir.key", key), OPS);
          await view.goto(server.base);
          await settled(view);
          await accessible(view);
          await view.context().close();
        }
      });
    });
  } finally {
    upstream.close();
  }
}
