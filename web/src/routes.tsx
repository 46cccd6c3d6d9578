// The one table of routes. Each page is its own chunk; the search parameters a page reads are named here.
import { QueryClient } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { ApiError } from "./api/client";
import { parseSearch, pick, stringifySearch } from "./lib/url";
import { Crashed, NotFound } from "./pages/shell/Lost";
import { Shell } from "./pages/shell/Shell";

/** Asks again after faults that may pass, never after an answer that says the request itself is wrong. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: (failures, error) => failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
      retryDelay: (failures) => 400 * 2 ** failures,
    },
  },
});

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Crashed });
const search = <K extends string>(...names: K[]) => ({ validateSearch: (raw: Record<string, unknown>) => pick(raw, names) });

const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  ...search("workload", "sort"),
  component: lazyRouteComponent(() => import("./pages/overview/Page")),
});
const workloads = createRoute({
  getParentRoute: () => root,
  path: "/workloads",
  ...search("sort"),
  component: lazyRouteComponent(() => import("./pages/workloads/List")),
});
const workload = createRoute({
  getParentRoute: () => root,
  path: "/workloads/$id",
  ...search("range", "sort", "start", "tab"),
  component: lazyRouteComponent(() => import("./pages/workloads/Page")),
});
const canaries = createRoute({
  getParentRoute: () => root,
  path: "/canaries",
  ...search("workload", "sort", "start", "state"),
  component: lazyRouteComponent(() => import("./pages/canaries/List")),
});
const canary = createRoute({
  getParentRoute: () => root,
  path: "/canaries/$id",
  ...search("pairs", "pair"),
  component: lazyRouteComponent(() => import("./pages/canaries/Page")),
});
const policies = createRoute({
  getParentRoute: () => root,
  path: "/policies",
  ...search("workload", "sort", "proposals"),
  component: lazyRouteComponent(() => import("./pages/policies/List")),
});
const policy = createRoute({
  getParentRoute: () => root,
  path: "/policies/$rev",
  ...search("workload", "against"),
  component: lazyRouteComponent(() => import("./pages/policies/Page")),
});
const proposal = createRoute({
  getParentRoute: () => root,
  path: "/policies/proposals/$id",
  component: lazyRouteComponent(() => import("./pages/policies/ProposalPage")),
});
const deployments = createRoute({
  getParentRoute: () => root,
  path: "/deployments",
  ...search("sort", "open"),
  component: lazyRouteComponent(() => import("./pages/deployments/Page")),
});
const traces = createRoute({
  getParentRoute: () => root,
  path: "/traces",
  ...search("workload", "deployment", "status", "origin", "canary", "live", "range", "since", "until"),
  component: lazyRouteComponent(() => import("./pages/traces/List")),
});
const trace = createRoute({
  getParentRoute: () => root,
  path: "/traces/$span",
  component: lazyRouteComponent(() => import("./pages/traces/Page")),
});
const cost = createRoute({
  getParentRoute: () => root,
  path: "/cost",
  ...search("by", "range", "sort"),
  component: lazyRouteComponent(() => import("./pages/cost/Page")),
});
const playground = createRoute({
  getParentRoute: () => root,
  path: "/playground",
  ...search("workload", "models", "prompt", "system"),
  component: lazyRouteComponent(() => import("./pages/playground/Page")),
});
const datasets = createRoute({
  getParentRoute: () => root,
  path: "/datasets",
  ...search("sort", "into", "from", "workload", "deployment", "status"),
  component: lazyRouteComponent(() => import("./pages/datasets/List")),
});
const dataset = createRoute({
  getParentRoute: () => root,
  path: "/datasets/$name",
  ...search("tab", "q", "split", "item", "version", "from", "to"),
  component: lazyRouteComponent(() => import("./pages/datasets/Page")),
});
const scorers = createRoute({
  getParentRoute: () => root,
  path: "/scorers",
  ...search("sort"),
  component: lazyRouteComponent(() => import("./pages/scorers/List")),
});
const scorer = createRoute({
  getParentRoute: () => root,
  path: "/scorers/$name",
  ...search("tab", "version", "workload"),
  component: lazyRouteComponent(() => import("./pages/scorers/Page")),
});
const labels = createRoute({
  getParentRoute: () => root,
  path: "/labels",
  ...search("scorer"),
  component: lazyRouteComponent(() => import("./pages/labels/Page")),
});
const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  ...search("sort", "start"),
  component: lazyRouteComponent(() => import("./pages/runs/List")),
});
const compare = createRoute({
  getParentRoute: () => root,
  path: "/runs/compare",
  ...search("a", "b"),
  component: lazyRouteComponent(() => import("./pages/runs/Compare")),
});
const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$id",
  ...search("only", "item"),
  component: lazyRouteComponent(() => import("./pages/runs/Page")),
});
const system = createRoute({
  getParentRoute: () => root,
  path: "/system",
  ...search("tab", "q", "sort"),
  component: lazyRouteComponent(() => import("./pages/system/Page")),
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
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
