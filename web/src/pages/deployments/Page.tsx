import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { exportRows, Table } from "../../ui/Table";
import { AddDeployment } from "./AddDeployment";
import { columns } from "./columns";
import { Detail } from "./Detail";
import { deploymentsQuery } from "./queries";

const route = getRouteApi("/deployments");

/** Who is up, and what do they cost? */
export default function Page() {
  const query = useQuery(deploymentsQuery);
  const { sort, open } = route.useSearch();
  const navigate = route.useNavigate();
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  const opened = query.data?.items.find((row) => row.id === open);
  return (
    <>
      <PageHead
        title="Deployments"
        sub="One credentialed endpoint of one model each. A breaker opens by itself after failures and probes until it answers."
      />
      <div className="grid">
        <Card
          title="All deployments"
          question="Who is up, and what do they cost? Figures of the last hour, prices in USD per million tokens. A dot is five minutes, as bad as its worst."
          tools={
            query.data ? (
              <button type="button" className="btn quiet" data-export onClick={() => exportRows("deployments", columns, query.data.items)}>
                Export CSV
              </button>
            ) : null
          }
        >
          <Loaded query={query} height={160}>
            {({ items }) =>
              items.length === 0 ? (
                <p className="muted">None is configured. Make one below.</p>
              ) : (
                <Table
                  label="Deployments"
                  columns={columns}
                  rows={items}
                  rowKey={(row) => row.id}
                  sort={sort}
                  onSort={(next) => set({ sort: next })}
                />
              )
            }
          </Loaded>
        </Card>
        {opened ? <Detail row={opened} onClose={() => set({ open: undefined })} /> : null}
        <AddDeployment />
      </div>
    </>
  );
}
