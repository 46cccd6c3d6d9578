// The weir under test: its API, requests to it, and waiting for what it will say.
import { expect } from "./report.mjs";

const DEADLINE = 15_000;

export class Server {
  constructor(base) {
    this.base = base;
  }

  async api(path, init) {
    const response = await fetch(`${this.base}/api/v1${path}`, init);
    const text = await response.text();
    expect(response.ok, `${path} answered ${response.status}: ${text.slice(0, 300)}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  post(path, body) {
    return this.api(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  }

  /** One chat completion; the demo providers know the answers to small sums. */
  ask(workload, question = "What is 17 + 25?", more = {}, head = {}) {
    return fetch(`${this.base}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...head },
      body: JSON.stringify({ model: `weir/${workload}`, messages: [{ role: "user", content: question }], ...more }),
    });
  }

  /** Asks again until `find` gives something; fails with `what` at the deadline. */
  async until(what, find, deadline = DEADLINE) {
    const end = Date.now() + deadline;
    for (;;) {
      const found = await find();
      if (found) return found;
      expect(Date.now() < end, `waited ${deadline / 1000} s in vain for ${what}`);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** Enough of everything that no page is empty: requests, a dataset, a canary. What is there already is left. */
  async furnish() {
    const { items } = await this.api("/workloads");
    const workload = items[0]?.id ?? "default";
    const { items: traces } = await this.api("/traces?limit=50&origin=client");
    const asked = await Promise.all(
      Array.from({ length: Math.max(0, 50 - traces.length) }, (_, i) => this.ask(workload, `What is ${i} + 25?`)),
    );
    await Promise.all(asked.map((response) => response.text()));
    if (!(await this.api("/datasets")).items.some(({ name }) => name === "sums")) {
      const body = '{"input":"What is 6 * 7?","expected":"42"}\n{"input":"What is 9 - 4?","expected":"5"}\n';
      await this.api(`/datasets/import?name=sums`, { method: "POST", headers: { "content-type": "text/plain" }, body });
    }
    if ((await this.api("/canaries")).items.length === 0) {
      const { candidates } = await this.api(`/workloads/${workload}`);
      const candidate = candidates.find((each) => !each.stable)?.deployment;
      if (candidate) await this.post("/canaries", { workload, candidate });
    }
    await this.until("the first request's row", async () => (await this.api("/traces?limit=1")).items[0]);
    return workload;
  }
}
