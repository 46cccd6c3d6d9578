// Every page: its name, and where it is on the weir under test. A new page gets a line here, and with it axe in both
// themes, a check that it fits a phone, an aria snapshot and screenshots.

/** The canary with the most evidence, of this workload if one is named: every part of its page has something to show. */
async function proven(server, workload) {
  const { items } = await server.api("/canaries");
  const these = items.filter((canary) => workload === undefined || canary.workload === workload);
  return these.reduce((most, canary) => (canary.evidence.pairs > most.evidence.pairs ? canary : most));
}

/** A run that is over; without one, two items are asked. */
async function run(server) {
  const over = async () => (await server.api("/runs")).items.find((row) => row.status === "done");
  const found = await over();
  if (found) return found;
  const { items } = await server.api("/workloads");
  const suite = `[suite]\nname = "sums"\nworkload = "${items[0].id}"\ndataset = "sums"\nquality = "exact"\n\n[[scorer]]\nname = "exact"\nkind = "exact_match"\n`;
  await server.post("/runs", { suite, models: ["sim/large", "sim/small"] });
  return server.until("the run to be over", over, 60_000);
}

/** @type {[string, string | ((server: import("./lib/server.mjs").Server) => Promise<string>)][]} */
export const PAGES = [
  ["overview", "/"],
  ["workloads", "/workloads"],
  ["workload", async (server) => `/workloads/${(await server.api("/workloads")).items[0].id}`],
  ["workload-cost", async (server) => `/workloads/${(await server.api("/workloads")).items[0].id}?tab=cost`],
  ["workload-speed", async (server) => `/workloads/${(await server.api("/workloads")).items[0].id}?tab=speed`],
  ["workload-route", async (server) => `/workloads/${(await server.api("/workloads")).items[0].id}?tab=route`],
  ["workload-settings", async (server) => `/workloads/${(await server.api("/workloads")).items[0].id}?tab=settings`],
  ["canaries", "/canaries"],
  ["canary-start", async (server) => `/canaries?start=${(await server.api("/workloads")).items[0].id}`],
  ["canary", async (server) => `/canaries/${(await proven(server)).id}`],
  [
    "canary-pair",
    async (server) => {
      const { id } = await proven(server);
      const pairs = await server.api(`/canaries/${id}/pairs`);
      const [side, [pair]] = Object.entries(pairs).find(([, rows]) => Array.isArray(rows) && rows.length > 0) ?? ["worse", []];
      return `/canaries/${id}?pairs=${side}${pair ? `&pair=${pair.candidate.span_id}` : ""}`;
    },
  ],
  ["policies", "/policies"],
  [
    "policy",
    async (server) => {
      const { items } = await server.api("/policies");
      return `/policies/${items[0].revision}?workload=${items[0].workload}`;
    },
  ],
  ["deployments", "/deployments"],
  ["deployment", async (server) => `/deployments?open=${(await server.api("/deployments")).items[0].id}`],
  ["traces", "/traces?live=off"],
  [
    "trace",
    async (server) => {
      // One that a canary counted: the router decided on it, and the page has all there is to show.
      const workload = (await server.api("/workloads")).items[0].id;
      const canary = (await proven(server, workload)).id;
      const { items } = await server.api(`/traces?status=ok&origin=client&workload=${workload}&canary=${canary}&limit=1`);
      return `/traces/${items[0].span_id}`;
    },
  ],
  ["cost", "/cost"],
  ["playground", "/playground"],
  ["datasets", "/datasets"],
  ["datasets-from-traces", "/datasets?from=traces"],
  ["dataset", "/datasets/sums"],
  ["dataset-item", async (server) => `/datasets/sums?item=${(await server.api("/datasets/sums/items?limit=1")).items[0].id}`],
  ["dataset-versions", "/datasets/sums?tab=versions"],
  ["dataset-checks", "/datasets/sums?tab=health"],
  ["runs", "/runs"],
  ["run-start", "/runs?start=sums"],
  ["run", async (server) => `/runs/${(await run(server)).id}`],
  ["runs-compare", "/runs/compare"],
  ["scorers", "/scorers"],
  ["labels", "/labels"],
  ["system", "/system"],
  ["system-keys", "/system?tab=keys"],
  ["system-config", "/system?tab=config"],
  ["system-audit", "/system?tab=audit"],
];
