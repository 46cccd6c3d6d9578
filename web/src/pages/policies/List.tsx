import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { count, difference, gist, plural, usd } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import type { Column } from "../../ui/Table";
import { TableCard } from "../../ui/TableCard";
import { canariesQuery, workloadsQuery } from "../shell/queries";
import { By } from "./By";
import { type WithEffect, withEffects } from "./effect";
import { Proposals } from "./Proposals";
import { diffsQuery, revisionsQuery } from "./queries";

const route = getRouteApi("/policies");

const columns: Column<WithEffect>[] = [
  {
    key: "revision",
    title: "Revision",
    head: true,
    cell: (row) => (
      <Link to="/policies/$rev" params={{ rev: row.revision }} search={{ workload: row.workload }} data-row className="mono">
        {row.revision}
      </Link>
    ),
    value: (row) => row.revision,
  },
  { key: "workload", title: "Workload", cell: (row) => row.workload, value: (row) => row.workload },
  { key: "stable", title: "Stable", wide: true, cell: (row) => <code>{row.admitted[0]}</code>, value: (row) => row.admitted[0] ?? "" },
  {
    key: "by",
    title: "By",
    wide: true,
    cell: (row) => <By author={row.author} proposer={row.effect.proposer} />,
    value: (row) => row.effect.proposer ?? row.author.kind,
  },
  {
    key: "saving",
    title: "Saves in 30 days",
    numeric: true,
    wide: true,
    cell: ({ effect }) => usd(effect.saving),
    value: ({ effect }) => effect.saving,
  },
  {
    key: "quality",
    title: "Quality",
    numeric: true,
    wide: true,
    cell: ({ effect: { quality } }) => (
      <span
        title={
          quality
            ? `${difference(quality.lower)} to ${difference(quality.upper)} after ${count(quality.pairs)} pairs`
            : "Nothing was measured: no canary made it"
        }
      >
        {difference(quality?.delta)}
      </span>
    ),
    value: ({ effect }) => effect.quality?.delta ?? null,
  },
  {
    key: "reason",
    title: "Why",
    cell: (row) => (
      <span className="clamp" title={row.reason}>
        {gist(row.reason)}
      </span>
    ),
    value: (row) => row.reason,
  },
  { key: "at", title: "Made", numeric: true, cell: (row) => <Ago at={row.at} />, value: (row) => row.at },
];

/** What will the router do, and what changed it? */
export default function List() {
  const { workload, sort, proposals: proposalSort } = route.useSearch();
  const navigate = route.useNavigate();
  const workloads = useQuery(workloadsQuery).data?.items ?? [];
  const revisions = useQuery(revisionsQuery);
  const diffs = useQuery(diffsQuery(workload));
  const canaries = useQuery(canariesQuery(workload)).data?.items ?? [];
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const waiting = diffs.data?.items.filter((row) => row.state === "proposed").length ?? 0;
  return (
    <>
      <PageHead title="Policies" sub="What will the router do, and what changed it? A revision never changes; the newest one routes.">
        <select
          data-filter
          aria-label="Workload"
          value={workload ?? ""}
          onChange={(event) => set({ workload: event.target.value || undefined })}
        >
          <option value="">All workloads</option>
          {workloads.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </PageHead>
      <div className="stack">
        <Card
          title="Proposals"
          question={
            waiting > 0 ? `${plural(waiting, "proposal")} to decide on.` : "Cheaper routes that are probably good enough, with the maths."
          }
        >
          <Loaded query={diffs} height={100}>
            {({ items }) =>
              items.length > 0 ? (
                <Proposals rows={items} sort={proposalSort} onSort={(next) => set({ proposals: next })} />
              ) : (
                <p className="muted">
                  None. Once a cheaper deployment has enough grades to be probably good enough, the optimizer proposes it here; approving
                  one starts its canary.
                </p>
              )
            }
          </Loaded>
        </Card>
        <TableCard
          title="Revisions"
          question="Newest first. Each is kept for good, with who made it, why, and what its canary and its proposal had measured."
          label="Revisions"
          columns={columns}
          query={revisions}
          rows={({ items }) =>
            withEffects(
              items.filter((row) => !workload || row.workload === workload),
              canaries,
              diffs.data?.items ?? [],
            )
          }
          rowKey={(row) => `${row.workload}/${row.revision}`}
          sort={sort}
          onSort={(next) => set({ sort: next })}
          empty={
            <p className="muted">
              No revision yet: the first one, <code>r-0001</code>, is made from the configuration when a workload is configured.
            </p>
          }
        />
      </div>
    </>
  );
}
