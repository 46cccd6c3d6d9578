import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Card } from "../../ui/Card";
import { Copy } from "../../ui/Copy";
import { PageHead } from "../../ui/PageHead";
import { TableCard } from "../../ui/TableCard";
import { workloadsQuery } from "./queries";
import { workloadColumns } from "./WorkloadTable";

const route = getRouteApi("/workloads");
const CONFIG = `[workloads.support]
candidates = ["sim/large", "sim/small"]
floor = 0.85
scorers = ["exact"]`;

/** Every kind of traffic, and how it is served. */
export default function List() {
  const query = useQuery(workloadsQuery);
  const { sort } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <>
      <PageHead
        title="Workloads"
        sub={
          <>
            Unlabelled traffic lands in <code>default</code>; send <code>x-weir-workload</code> or ask for the model <code>weir/name</code>.
          </>
        }
      />
      <div className="grid">
        <TableCard
          title="All workloads"
          question="How is each kind of traffic served?"
          label="Workloads"
          columns={workloadColumns}
          query={query}
          rows={({ items }) => items}
          rowKey={(row) => row.id}
          sort={sort}
          onSort={(next) => void navigate({ search: { sort: next }, replace: true })}
          empty={<p className="muted">None yet: name one in weir.toml, as below.</p>}
        />
        {query.data && query.data.items.length <= 1 ? (
          <Card title="Add a workload" question="In weir.toml; it is read again when it changes.">
            <Copy label="Configuration to copy" text={CONFIG} />
          </Card>
        ) : null}
      </div>
    </>
  );
}
