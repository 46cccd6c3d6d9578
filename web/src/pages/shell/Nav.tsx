import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { count } from "../../lib/format";
import { datasetsQuery, overviewQuery } from "./queries";

/** The pages that exist, with how many of each thing there are. */
export function Nav() {
  const overview = useQuery(overviewQuery).data;
  const deployments = overview?.providers.reduce((sum, row) => sum + row.deployments, 0);
  const datasets = useQuery(datasetsQuery).data?.items.length;
  const live = overview?.workloads.filter((row) => row.state === "canary").length;
  return (
    <nav className="nav" aria-label="Pages">
      <div className="pages">
        <ul>
          <li>
            <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
              Overview
            </Link>
          </li>
        </ul>
        <Group name="Route">
          <li>
            <Link to="/workloads">
              Workloads <small>{overview ? count(overview.totals.workloads) : ""}</small>
            </Link>
          </li>
          <li>
            <Link to="/canaries">
              Canaries <small>{live ? `${count(live)} live` : ""}</small>
            </Link>
          </li>
          <li>
            <Link to="/policies">Policies</Link>
          </li>
          <li>
            <Link to="/deployments">
              Deployments <small>{deployments === undefined ? "" : count(deployments)}</small>
            </Link>
          </li>
        </Group>
        <Group name="Observe">
          <li>
            <Link to="/traces">Traces</Link>
          </li>
          <li>
            <Link to="/cost">Cost</Link>
          </li>
        </Group>
        <Group name="Evaluate">
          <li>
            <Link to="/datasets">
              Datasets <small>{datasets ? count(datasets) : ""}</small>
            </Link>
          </li>
          <li>
            <Link to="/scorers">Scorers</Link>
          </li>
          <li>
            <Link to="/runs">Runs</Link>
          </li>
        </Group>
        <Group name="Box">
          <li>
            <Link to="/system">System</Link>
          </li>
        </Group>
        <Group name="Build">
          <li>
            <Link to="/playground">Playground</Link>
          </li>
        </Group>
      </div>
    </nav>
  );
}

function Group({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <div className="group" aria-hidden="true">
        {name}
      </div>
      <ul aria-label={name}>{children}</ul>
    </div>
  );
}
