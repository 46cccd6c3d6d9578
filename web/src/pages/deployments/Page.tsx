import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Deployment } from "../../api/types";
import { compact, count, ms, percent, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Pill } from "../../ui/Pill";
import { type Column, exportRows, Table } from "../../ui/Table";
import { deploymentsQuery } from "../shell/queries";

const route = getRouteApi("/deployments");
const CONFIG = `[deployments."openai/gpt-4.1-mini"]
provider = "openai"
base_url = "https://api.openai.com/v1"
model = "gpt-4.1-mini"
api_key = "env:OPENAI_API_KEY"`;

function Health({ health }: { health: Deployment["health"] }) {
  if (health.state === "up") return <Pill tone="ok">Up</Pill>;
  if (health.state === "probing")
    return (
      <Pill tone="warn" title="One request at a time is let through to see whether it answers again">
        Probing
      </Pill>
    );
  return (
    <Pill tone="bad" title="Too many failures in a row: it gets no requests for a while">
      Open breaker
    </Pill>
  );
}

const can = ({ capabilities: c }: Deployment) =>
  [c.tools ? "tools" : "", c.vision ? "vision" : "", c.json_schema ? "json schema" : ""].filter(Boolean).join(", ");

const columns: Column<Deployment>[] = [
  { key: "id", title: "Deployment", head: true, cell: (row) => <span className="mono">{row.id}</span>, value: (row) => row.id },
  { key: "health", title: "Health", cell: (row) => <Health health={row.health} />, value: (row) => row.health.state },
  { key: "errors", title: "Errors, 1 h", numeric: true, cell: (row) => percent(row.error_share_1h), value: (row) => row.error_share_1h },
  { key: "latency", title: "Latency", numeric: true, cell: (row) => ms(row.health.latency_ms), value: (row) => row.health.latency_ms },
  {
    key: "in_flight",
    title: "In flight",
    numeric: true,
    wide: true,
    cell: (row) => count(row.health.in_flight),
    value: (row) => row.health.in_flight,
  },
  {
    key: "requests",
    title: "Requests, 1 h",
    numeric: true,
    wide: true,
    cell: (row) => compact(row.requests_1h),
    value: (row) => row.requests_1h,
  },
  {
    key: "input",
    title: "In / 1 M",
    numeric: true,
    wide: true,
    cell: (row) => usd(row.price?.input_usd),
    value: (row) => row.price?.input_usd ?? null,
  },
  {
    key: "output",
    title: "Out / 1 M",
    numeric: true,
    wide: true,
    cell: (row) => usd(row.price?.output_usd),
    value: (row) => row.price?.output_usd ?? null,
  },
  {
    key: "context",
    title: "Context",
    numeric: true,
    wide: true,
    cell: (row) => compact(row.capabilities.context_tokens),
    value: (row) => row.capabilities.context_tokens,
  },
  { key: "can", title: "Can", wide: true, cell: (row) => <span className="muted">{can(row)}</span>, value: can },
];

/** Who is up, and what do they cost? */
export default function Page() {
  const query = useQuery(deploymentsQuery);
  const { sort } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <PageHead
        title="Deployments"
        sub="One credentialed endpoint of one model each. A breaker opens by itself after failures and probes until it answers."
      />
      <div className="grid">
        <Card
          title="All deployments"
          question="Who is up, and what do they cost? Prices in USD per million tokens."
          tools={
            query.data ? (
              <button type="button" className="btn quiet" data-export onClick={() => exportRows("deployments", columns, query.data.items)}>
                Export CSV
              </button>
            ) : null
          }
        >
          <Loaded query={query} height={160}>
            {({ items }) => (
              <Table
                label="Deployments"
                columns={columns}
                rows={items}
                rowKey={(row) => row.id}
                sort={sort}
                onSort={(next) => void navigate({ search: { sort: next }, replace: true })}
              />
            )}
          </Loaded>
        </Card>
        {query.data?.items.every((row) => row.provider === "sim") ? (
          <Card
            title="Add a provider"
            question="Only the built-in demo providers are configured. Put this into weir.toml; it is read again when it changes."
          >
            <Copy label="Configuration to copy" text={CONFIG} />
          </Card>
        ) : null}
      </div>
    </>
  );
}
