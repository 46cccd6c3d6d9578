import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { isRange, type Range, rangeName, wholeRange } from "../../lib/time";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { RangeSelect } from "../../ui/RangeSelect";
import { exportRows, Table } from "../../ui/Table";
import { Budgets } from "../system/Budgets";
import { systemQuery } from "../system/queries";
import { costColumns } from "./CostTable";
import { costSeriesQuery, costTableQuery } from "./queries";
import { Spending } from "./Spending";
import { SPLITS, splitOf } from "./split";
import { Totals } from "./Totals";

const route = getRouteApi("/cost");

/** Where does the money go? */
export default function Page() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const split = useMemo(() => splitOf(search.by), [search.by]);
  const system = useQuery(systemQuery);
  const range: Range = isRange(search.range) ? search.range : wholeRange(system.data?.store.oldest_span_at, system.dataUpdatedAt);
  const series = useQuery(costSeriesQuery(split, range));
  const table = useQuery(costTableQuery(split, range));
  const set = (change: Record<string, string | undefined>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  const total = table.data?.total.cost_usd ?? 0;
  const columns = useMemo(() => costColumns(split, total), [split, total]);
  const tags = table.data?.tags ?? [];
  const chosen = split.by === "tag" ? `tag:${split.tag}` : split.by;
  const known = split.tag && !tags.includes(split.tag) ? [split.tag, ...tags] : tags;
  return (
    <>
      <PageHead title="Cost" sub="Where does the money go, and what would the best model alone have cost?">
        <select data-filter aria-label="Split by" value={chosen} onChange={(event) => set({ by: event.target.value })}>
          {SPLITS.map(([by, name]) => (
            <option key={by} value={by}>
              By {name.toLowerCase()}
            </option>
          ))}
          {known.map((tag) => (
            <option key={tag} value={`tag:${tag}`}>
              By tag {tag}
            </option>
          ))}
          {known.length === 0 ? (
            <option value="tag:" disabled>
              By tag, once x-weir-tags is sent
            </option>
          ) : null}
        </select>
        <RangeSelect range={range} onRange={(range) => set({ range })} />
      </PageHead>
      <Loaded query={table} height={92}>
        {({ total }) => <Totals total={total} />}
      </Loaded>
      <div className="stack">
        <Loaded query={series} height={300}>
          {(data) => <Spending series={data} split={split} range={range} />}
        </Loaded>
        <Card
          title={`Spending by ${split.by === "tag" ? `tag ${split.tag}` : split.by}`}
          question={split.by === "tag" ? "Of the newest 100 000 requests; a request without the tag counts as none." : "Dearest first."}
          tools={
            <button
              type="button"
              className="btn quiet"
              data-export
              onClick={() => exportRows(`cost by ${chosen}`, columns, table.data?.rows ?? [])}
            >
              Export CSV
            </button>
          }
        >
          <Loaded query={table} height={160}>
            {({ rows }) =>
              rows.length > 0 ? (
                <Table
                  label="Cost"
                  columns={columns}
                  rows={rows}
                  rowKey={(row) => row.group}
                  sort={search.sort}
                  onSort={(sort) => set({ sort })}
                />
              ) : (
                <p className="muted">
                  No requests in the last {rangeName(range)}. Send one, or choose a longer range. Tags come with the header{" "}
                  <code>x-weir-tags</code>, a JSON object such as <code>{'{"team":"search"}'}</code>.
                </p>
              )
            }
          </Loaded>
        </Card>
        <Loaded query={system} height={100}>
          {(data) => <Budgets system={data} />}
        </Loaded>
      </div>
    </>
  );
}
