import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ConfigRow } from "../../api/types";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { type Column, exportRows, Table } from "../../ui/Table";
import { configQuery } from "./queries";
import css from "./Config.module.css";

const route = getRouteApi("/system");
const columns: Column<ConfigRow>[] = [
  { key: "key", title: "Key", head: true, cell: (row) => <span className={`mono ${css.key}`}>{row.key}</span>, value: (row) => row.key },
  { key: "value", title: "Value", cell: (row) => <code className={`clamp ${css.value}`}>{row.value}</code>, value: (row) => row.value },
  {
    key: "origin",
    title: "Set by",
    wide: true,
    cell: (row) => <span className={row.origin === "default" ? "muted" : undefined}>{row.origin}</span>,
    value: (row) => row.origin,
  },
];

/** Every effective value and who set it, as `weir config show --origin` prints it. */
export function Config() {
  const query = useQuery(configQuery);
  const { q = "", sort } = route.useSearch();
  const navigate = route.useNavigate();
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  const shown = (query.data?.items ?? []).filter((row) => `${row.key} ${row.value} ${row.origin}`.toLowerCase().includes(q.toLowerCase()));
  return (
    <Card
      title="Configuration in force"
      question="Which value holds, and who set it? A secret is shown as its reference."
      tools={
        <>
          <input
            type="search"
            data-filter
            aria-label="Filter values"
            placeholder="Filter"
            value={q}
            onChange={(event) => set({ q: event.target.value || undefined })}
          />
          <button type="button" className="btn quiet" data-export onClick={() => exportRows("configuration", columns, shown)}>
            Export CSV
          </button>
        </>
      }
    >
      <Loaded query={query} height={300}>
        {() =>
          shown.length === 0 ? (
            <p className="muted">No value has “{q}” in it.</p>
          ) : (
            <Table
              label="Configuration"
              columns={columns}
              rows={shown}
              rowKey={(row) => row.key}
              sort={sort}
              onSort={(next) => set({ sort: next })}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
