import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { DatasetRow } from "../../api/types";
import { count } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { PageHead } from "../../ui/PageHead";
import { Pill } from "../../ui/Pill";
import type { Column } from "../../ui/Table";
import { TableCard } from "../../ui/TableCard";
import { Coverage } from "./Coverage";
import { DropZone } from "./DropZone";
import { FromTraces } from "./FromTraces";
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
  const { sort, into, from, workload, deployment, status } = route.useSearch();
  const navigate = route.useNavigate();
  const [file, setFile] = useState<File | null>(null);
  return (
    <>
      <PageHead title="Datasets" sub="Questions with expected answers. A live request that asks one of them is scored against its answer.">
        <Link to="/datasets" search={(before) => ({ ...before, from: "traces" })} className="btn">
          From traces…
        </Link>
      </PageHead>
      <div className="grid">
        {from === "traces" ? (
          <FromTraces
            into={into}
            start={{ ...(workload ? { workload } : {}), ...(deployment ? { deployment } : {}), ...(status ? { status } : {}) }}
            onClose={() => void navigate({ search: { sort } })}
          />
        ) : file ? (
          <ImportPanel key={`${file.name}/${file.size}/${file.lastModified}`} file={file} into={into} onClose={() => setFile(null)} />
        ) : (
          <DropZone onFile={setFile} into={into} />
        )}
        <TableCard
          title="All datasets"
          question="Which questions have a known answer, and for which workload?"
          label="Datasets"
          columns={columns}
          query={query}
          rows={({ items }) => items}
          rowKey={(row) => row.name}
          sort={sort}
          onSort={(next) => void navigate({ search: (before) => ({ ...before, sort: next }), replace: true })}
          empty={
            <p className="muted">
              None yet. Drop a file above, try the sample, take them from traces, or name one in weir.toml under [datasets].
            </p>
          }
        />
        {query.data ? <Coverage datasets={query.data.items} /> : null}
      </div>
    </>
  );
}
