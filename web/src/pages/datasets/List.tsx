import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { DatasetRow } from "../../api/types";
import { count } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Pill } from "../../ui/Pill";
import { type Column, exportRows, Table } from "../../ui/Table";
import { Coverage } from "./Coverage";
import { DropZone } from "./DropZone";
import { ImportPanel } from "./ImportPanel";
import { datasetsQuery } from "./queries";

const route = getRouteApi("/datasets");

const columns: Column<DatasetRow>[] = [
  {
    key: "name",
    title: "Dataset",
    head: true,
    cell: (row) => (
      <Link to="/datasets/$name" params={{ name: row.name }} data-row>
        {row.name}
      </Link>
    ),
    value: (row) => row.name,
  },
  { key: "workload", title: "Workload", cell: (row) => row.workload ?? <span className="muted">none</span>, value: (row) => row.workload },
  { key: "items", title: "Items", numeric: true, cell: (row) => count(row.items), value: (row) => row.items },
  {
    key: "draft",
    title: "Draft",
    wide: true,
    cell: (row) =>
      row.draft ? (
        <Pill tone="warn" glyph="✎">
          edits wait
        </Pill>
      ) : null,
    value: (row) => (row.draft ? "yes" : "no"),
  },
  {
    key: "version",
    title: "Version",
    wide: true,
    cell: (row) => <code className="muted">{row.version.slice(0, 12)}</code>,
    value: (row) => row.version,
  },
  {
    key: "description",
    title: "Description",
    wide: true,
    cell: (row) => <span className="muted">{row.description}</span>,
    value: (row) => row.description,
  },
  {
    key: "created",
    title: "Created",
    numeric: true,
    wide: true,
    cell: (row) => <Ago at={row.created_at} />,
    value: (row) => row.created_at,
  },
];

/** What do we hold quality against? */
export default function List() {
  const query = useQuery(datasetsQuery);
  const { sort, into } = route.useSearch();
  const navigate = route.useNavigate();
  const [file, setFile] = useState<File | null>(null);
  return (
    <>
      <PageHead
        title="Datasets"
        sub="Questions with expected answers. A live request that asks one of them is scored against its answer."
      />
      <div className="grid">
        {file ? (
          <ImportPanel key={`${file.name}/${file.size}/${file.lastModified}`} file={file} into={into} onClose={() => setFile(null)} />
        ) : (
          <DropZone onFile={setFile} into={into} />
        )}
        <Card
          title="All datasets"
          tools={
            query.data && query.data.items.length > 0 ? (
              <button type="button" className="btn quiet" data-export onClick={() => exportRows("datasets", columns, query.data.items)}>
                Export CSV
              </button>
            ) : null
          }
        >
          <Loaded query={query} height={120}>
            {({ items }) =>
              items.length === 0 ? (
                <p className="muted">None yet. Drop a file above, try the sample, or name one in weir.toml under [datasets].</p>
              ) : (
                <Table
                  label="Datasets"
                  columns={columns}
                  rows={items}
                  rowKey={(row) => row.name}
                  sort={sort}
                  onSort={(next) => void navigate({ search: (before) => ({ ...before, sort: next }), replace: true })}
                />
              )
            }
          </Loaded>
        </Card>
        {query.data ? <Coverage datasets={query.data.items} /> : null}
      </div>
    </>
  );
}
