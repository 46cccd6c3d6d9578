// The one table of routes. Each page is its own chunk; the search parameters a page reads are named here.
import { QueryClient } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { ApiError } from "./api/client";
import { chunk } from "./lib/chunk";
import { parseSearch, pick, stringifySearch } from "./lib/url";
import { Crashed, NotFound } from "./pages/shell/Lost";
import { Shell } from "./pages/shell/Shell";

/** Asks again after faults that may pass, never after an answer that says the request itself is wrong. */
export const queries = new QueryClient({
  defaultOptions: {
    // weir is often on this machine, which is there without a network too.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
      staleTime: 2_000,
      retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
      retryDelay: (failures) => 400 * 2 ** failures,
    },
  },
});

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Crashed });
const page: typeof lazyRouteComponent = (load, name) => lazyRouteComponent(chunk(load), name);
const search = <K extends string>(...names: K[]) => ({ validateSearch: (raw: Record<string, unknown>) => pick(raw, names) });

const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  ...search("workload", "sort", "range"),
  component: page(() => import("./pages/overview/Page")),
});
const workloads = createRoute({
  getParentRoute: () => root,
  path: "/workloads",
  ...search("sort"),
  component: page(() => import("./pages/workloads/List")),
});
const workload = createRoute({
  getParentRoute: () => root,
  path: "/workloads/$id",
  ...search("range", "sort", "start", "tab"),
  component: page(() => import("./pages/workloads/Page")),
});
const canaries = createRoute({
  getParentRoute: () => root,
  path: "/canaries",
  ...search("workload", "sort", "start", "candidate", "state"),
  component: page(() => import("./pages/canaries/List")),
});
const canary = createRoute({
  getParentRoute: () => root,
  path: "/canaries/$id",
  ...search("pairs", "pair"),
  component: page(() => import("./pages/canaries/Page")),
});
const policies = createRoute({
  getParentRoute: () => root,
  path: "/policies",
  ...search("workload", "sort", "proposals"),
  component: page(() => import("./pages/policies/List")),
});
const policy = createRoute({
  getParentRoute: () => root,
  path: "/policies/$rev",
  ...search("workload", "against"),
  component: page(() => import("./pages/policies/Page")),
});
const proposal = createRoute({
  getParentRoute: () => root,
  path: "/policies/proposals/$id",
  component: page(() => import("./pages/policies/ProposalPage")),
});
const deployments = createRoute({
  getParentRoute: () => root,
  path: "/deployments",
  ...search("sort", "open", "add"),
  component: page(() => import("./pages/deployments/Page")),
});
const traces = createRoute({
  getParentRoute: () => root,
  path: "/traces",
  ...search("workload", "deployment", "status", "origin", "canary", "live", "range", "since", "until"),
  component: page(() => import("./pages/traces/List")),
});
const trace = createRoute({
  getParentRoute: () => root,
  path: "/traces/$span",
  component: page(() => import("./pages/traces/Page")),
});
const cost = createRoute({
  getParentRoute: () => root,
  path: "/cost",
  ...search("by", "range", "sort"),
  component: page(() => import("./pages/cost/Page")),
});
const playground = createRoute({
  getParentRoute: () => root,
  path: "/playground",
  ...search("workload", "models", "prompt", "system"),
  component: page(() => import("./pages/playground/Page")),
});
const datasets = createRoute({
  getParentRoute: () => root,
  path: "/datasets",
  ...search("sort", "into", "from", "workload", "deployment", "status"),
  component: page(() => import("./pages/datasets/List")),
});
const dataset = createRoute({
  getParentRoute: () => root,
  path: "/datasets/$name",
  ...search("tab", "q", "split", "item", "version", "from", "to"),
  component: page(() => import("./pages/datasets/Page")),
});
const scorers = createRoute({
  getParentRoute: () => root,
  path: "/scorers",
  ...search("sort"),
  component: page(() => import("./pages/scorers/List")),
});
const scorer = createRoute({
  getParentRoute: () => root,
  path: "/scorers/$name",
  ...search("tab", "version", "workload"),
  component: page(() => import("./pages/scorers/Page")),
});
const labels = createRoute({
  getParentRoute: () => root,
  path: "/labels",
  ...search("scorer"),
  component: page(() => import("./pages/labels/Page")),
});
const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  ...search("sort", "start"),
  component: page(() => import("./pages/runs/List")),
});
const compare = createRoute({
  getParentRoute: () => root,
  path: "/runs/compare",
  ...search("a", "b"),
  component: page(() => import("./pages/runs/Compare")),
});
const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$id",
  ...search("only", "item"),
  component: page(() => import("./pages/runs/Page")),
});
const system = createRoute({
  getParentRoute: () => root,
  path: "/system",
  ...search("tab", "q", "sort"),
  component: page(() => import("./pages/system/Page")),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    workloads,
    workload,
    canaries,
    canary,
    policies,
    policy,
    proposal,
    deployments,
    traces,
    trace,
    cost,
    playground,
    datasets,
    dataset,
    scorers,
    scorer,
    labels,
    runs,
    compare,
    run,
    system,
  ]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  // In the frame, which stays: from there one gets on.
  defaultErrorComponent: Crashed,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
