import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Dataset } from "../../api/types";
import { count } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { type Column, Table } from "../../ui/Table";
import { diffQuery } from "./queries";
import { VersionDiff } from "./VersionDiff";

const route = getRouteApi("/datasets/$name");

/** Every publication, and what changed between any two. */
export function Versions({ dataset }: { dataset: Dataset }) {
  const { from, to } = route.useSearch();
  const navigate = route.useNavigate();
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  const columns: Column<Dataset["versions"][number]>[] = [
    {
      key: "id",
      title: "Version",
      head: true,
      cell: (row) => (
        <button
          type="button"
          className="linklike mono"
          data-row
          onClick={() => set({ to: row.id, from: undefined })}
          title="What did it change?"
        >
          {row.id.slice(0, 12)}
        </button>
      ),
      value: (row) => row.id,
    },
    { key: "items", title: "Items", numeric: true, cell: (row) => count(row.items), value: (row) => row.items },
    { key: "note", title: "Note", cell: (row) => <span className="muted">{row.note}</span>, value: (row) => row.note },
    { key: "author", title: "By", wide: true, cell: (row) => row.author, value: (row) => row.author },
    {
      key: "created",
      title: "Published",
      numeric: true,
      wide: true,
      cell: (row) => <Ago at={row.created_at} />,
      value: (row) => row.created_at,
    },
  ];
  return (
    <div className="grid">
      <Card title="Versions" question="A version is named by its content: the same items always have the same name.">
        {dataset.versions.length === 0 ? (
          <p className="muted">None is published yet.</p>
        ) : (
          <Table label={`Versions of ${dataset.name}`} columns={columns} rows={dataset.versions} rowKey={(row) => row.id} />
        )}
      </Card>
      <Card
        title="What changed"
        question="Between which versions? Items are told apart by their id."
        tools={
          <>
            <Pick label="From" value={from ?? ""} none="the one before" dataset={dataset} onPick={(id) => set({ from: id })} />
            <Pick label="To" value={to ?? ""} none="the current one" dataset={dataset} draft onPick={(id) => set({ to: id })} />
          </>
        }
      >
        <Changes name={dataset.name} from={from} to={to} />
      </Card>
    </div>
  );
}

function Changes({ name, from, to }: { name: string; from: string | undefined; to: string | undefined }) {
  const query = useQuery(diffQuery(name, from, to));
  return (
    <Loaded query={query} height={160}>
      {(diff) => <VersionDiff diff={diff} />}
    </Loaded>
  );
}

interface PickProps {
  label: string;
  value: string;
  none: string;
  dataset: Dataset;
  draft?: boolean;
  onPick: (id: string | undefined) => void;
}

function Pick({ label, value, none, dataset, draft = false, onPick }: PickProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onPick(event.target.value || undefined)}>
        <option value="">{none}</option>
        {draft && dataset.draft ? <option value="draft">draft</option> : null}
        {dataset.versions.map((row) => (
          <option key={row.id} value={row.id}>
            {row.id.slice(0, 12)}, {count(row.items)} items
          </option>
        ))}
      </select>
    </label>
  );
}
