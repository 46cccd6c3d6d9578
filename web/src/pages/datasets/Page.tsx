import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Dataset, DatasetItem } from "../../api/types";
import { count, plural } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { type Column, Table } from "../../ui/Table";
import { itemText } from "./mapping";
import { datasetQuery } from "./queries";

const route = getRouteApi("/datasets/$name");

const versions: Column<Dataset["versions"][number]>[] = [
  { key: "id", title: "Version", head: true, cell: (row) => <code>{row.id}</code> },
  { key: "items", title: "Items", numeric: true, cell: (row) => count(row.items) },
  { key: "note", title: "Note", wide: true, cell: (row) => <span className="muted">{row.note}</span> },
  { key: "created", title: "Created", numeric: true, cell: (row) => <Ago at={row.created_at} /> },
];
const items: Column<{ at: number; item: DatasetItem }>[] = [
  { key: "at", title: "#", numeric: true, cell: (row) => <span className="muted">{row.at}</span> },
  { key: "input", title: "Input", cell: (row) => itemText(row.item).input },
  { key: "expected", title: "Expected", cell: (row) => itemText(row.item).expected || <span className="muted">none</span> },
];

/** One dataset: its versions, and what is in the newest. */
export default function Page() {
  const { name } = route.useParams();
  const query = useQuery(datasetQuery(name));
  return (
    <Loaded query={query} height={480}>
      {(dataset) => (
        <>
          <PageHead
            title={dataset.name}
            sub={
              <>
                {dataset.description ? `${dataset.description} ` : ""}
                {plural(dataset.items, "item")}
                {dataset.workload ? (
                  <>
                    {" "}
                    for{" "}
                    <Link to="/workloads/$id" params={{ id: dataset.workload }}>
                      {dataset.workload}
                    </Link>
                  </>
                ) : null}
                , version <code>{dataset.version.slice(0, 12)}</code>.
              </>
            }
          >
            <Link to="/datasets" className="btn">
              Import a new version
            </Link>
          </PageHead>
          <div className="grid">
            <Card title="Items" question={dataset.items > dataset.sample.length ? `The first ${dataset.sample.length}.` : "All of them."}>
              <Table
                label={`Items of ${dataset.name}`}
                columns={items}
                rows={dataset.sample.map((item, i) => ({ at: i + 1, item }))}
                rowKey={(row) => String(row.at)}
              />
            </Card>
            <Card title="Versions" question="A version is named by its content: the same items always have the same name.">
              <Table label={`Versions of ${dataset.name}`} columns={versions} rows={dataset.versions} rowKey={(row) => row.id} />
            </Card>
          </div>
        </>
      )}
    </Loaded>
  );
}
