// Every page that can be gone to: the navigation, the palette, the `g` keys and their help are made from this one list.

export type PagePath =
  | "/"
  | "/workloads"
  | "/canaries"
  | "/policies"
  | "/deployments"
  | "/traces"
  | "/cost"
  | "/datasets"
  | "/scorers"
  | "/labels"
  | "/runs"
  | "/playground"
  | "/system";

export interface PageEntry {
  to: PagePath;
  label: string;
  /** After `g`. */
  key: string;
  /** What the letter stands for, where it is not the page's first. */
  because?: string;
}

export const GROUPS: { name: string | null; pages: PageEntry[] }[] = [
  { name: null, pages: [{ to: "/", label: "Overview", key: "o" }] },
  {
    name: "Route",
    pages: [
      { to: "/workloads", label: "Workloads", key: "w" },
      { to: "/canaries", label: "Canaries", key: "c" },
      { to: "/policies", label: "Policies", key: "r", because: "revisions" },
      { to: "/deployments", label: "Deployments", key: "p", because: "providers" },
    ],
  },
  {
    name: "Observe",
    pages: [
      { to: "/traces", label: "Traces", key: "t" },
      { to: "/cost", label: "Cost", key: "m", because: "money" },
    ],
  },
  {
    name: "Evaluate",
    pages: [
      { to: "/datasets", label: "Datasets", key: "d" },
      { to: "/scorers", label: "Scorers", key: "s" },
      { to: "/labels", label: "Labels", key: "l" },
      { to: "/runs", label: "Runs", key: "e", because: "evals" },
    ],
  },
  {
    name: "Build",
    pages: [
      { to: "/playground", label: "Playground", key: "y", because: "try" },
      { to: "/system", label: "System", key: "b", because: "box" },
    ],
  },
];

export const PAGES: PageEntry[] = GROUPS.flatMap((group) => group.pages);
