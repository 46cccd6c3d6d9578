import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { count } from "../../lib/format";
import { GROUPS, type PagePath } from "./pages";
import { datasetsQuery, overviewQuery } from "./queries";

/** The pages, with how many of each thing there are. */
export function Nav() {
  const overview = useQuery(overviewQuery).data;
  const datasets = useQuery(datasetsQuery).data?.items.length;
  const live = overview?.workloads.filter((row) => row.state === "canary").length;
  const deployments = overview?.providers.reduce((sum, row) => sum + row.deployments, 0);
  const counts: Partial<Record<PagePath, string>> = {
    "/workloads": overview ? count(overview.totals.workloads) : "",
    "/canaries": live ? `${count(live)} live` : "",
    "/deployments": deployments === undefined ? "" : count(deployments),
    "/datasets": datasets ? count(datasets) : "",
  };
  return (
    <nav className="nav" aria-label="Pages">
      <div className="pages">
        {GROUPS.map(({ name, pages }) => (
          <div key={name ?? "first"}>
            {name ? (
              <div className="group" aria-hidden="true">
                {name}
              </div>
            ) : null}
            <ul {...(name ? { "aria-label": name } : {})}>
              {pages.map(({ to, label }) => (
                <li key={to}>
                  <Link to={to} activeOptions={{ exact: to === "/", includeSearch: false }}>
                    {label} {counts[to] === undefined ? null : <small>{counts[to]}</small>}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </nav>
  );
}
