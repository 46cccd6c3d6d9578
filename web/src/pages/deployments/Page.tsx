import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { PageHead } from "../../ui/PageHead";
import { TableCard } from "../../ui/TableCard";
import { AddDeployment } from "./AddDeployment";
import { columns } from "./columns";
import { Detail } from "./Detail";
import { deploymentsQuery } from "./queries";

const route = getRouteApi("/deployments");

/** Who is up, and what do they cost? */
export default function Page() {
  const query = useQuery(deploymentsQuery);
  const { sort, open, add } = route.useSearch();
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
        <TableCard
          title="All deployments"
          question="Who is up, and what do they cost? Figures of the last hour, prices in USD per million tokens. A dot is five minutes, as bad as its worst."
          label="Deployments"
          columns={columns}
          query={query}
          rows={({ items }) => items}
          rowKey={(row) => row.id}
          sort={sort}
          onSort={(next) => set({ sort: next })}
          empty={<p className="muted">None is configured. Make one below.</p>}
        />
        {opened ? <Detail row={opened} onClose={() => set({ open: undefined })} /> : null}
        <AddDeployment chosen={add} onChoose={(provider) => set({ add: provider })} />
      </div>
    </>
  );
}
