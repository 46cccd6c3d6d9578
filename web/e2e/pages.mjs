// Every page: its name, and where it is on the weir under test. A new page gets a line here, and with it axe in both
// themes, a check that it fits a phone, an aria snapshot and screenshots.

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
  ["canary", async (server) => `/canaries/${(await server.api("/canaries")).items[0].id}`],
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
      // One that the router decided on: the playground's are pinned.
      const workload = (await server.api("/workloads")).items[0].id;
      const { items } = await server.api(`/traces?status=ok&origin=client&workload=${workload}&limit=500`);
      return `/traces/${items.find((row) => row.strategy !== "pinned").span_id}`;
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
  ["runs-compare", "/runs/compare"],
  ["scorers", "/scorers"],
  ["labels", "/labels"],
  ["system", "/system"],
  ["system-keys", "/system?tab=keys"],
  ["system-config", "/system?tab=config"],
  ["system-audit", "/system?tab=audit"],
];
