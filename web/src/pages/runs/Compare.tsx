import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { RunComparison, RunRow } from "../../api/types";
import { count, difference, grade } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { type Column, Table } from "../../ui/Table";
import { Comparisons } from "./Comparisons";
import { Matrix } from "./Matrix";
import { compareQuery, runsQuery } from "./queries";

const route = getRouteApi("/runs/compare");

/** Two runs, item by item: did it get better since? */
export default function Compare() {
  const { a = "", b = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const runs = useQuery(runsQuery).data?.items ?? [];
  const query = useQuery(compareQuery(a, b));
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  return (
    <>
      <PageHead title="Compare runs" sub="Items that both asked, beside each other.">
        <Pick label="Run" value={a} runs={runs} onPick={(id) => set({ a: id })} />
        <Pick label="Against" value={b} runs={runs} onPick={(id) => set({ b: id })} />
      </PageHead>
      {a === "" || b === "" ? (
        <div className="empty">
          <p>
            {runs.length > 1
              ? "Choose two runs above. Runs of the same dataset version compare item by item."
              : "It takes two runs to compare. Runs of the same dataset version compare item by item."}
          </p>
          <Link to="/runs" search={{ start: "new" }} className="btn">
            Start a run…
          </Link>
        </div>
      ) : (
        <Loaded query={query} height={480}>
          {(compared) => <Body compared={compared} />}
        </Loaded>
      )}
    </>
  );
}

function Body({ compared }: { compared: RunComparison }) {
  const detail = { ...compared, run: compared.a, verdict: "", gates: [] };
  return (
    <div className="grid">
      {!compared.same_dataset ? (
        <div className="banner warn" role="status" style={{ marginBottom: 0 }}>
          <p>
            <strong>Not the same content.</strong> Only items that both have are compared.
          </p>
        </div>
      ) : null}
      {compared.changed_scorers.length > 0 ? (
        <div className="banner warn" role="status" style={{ marginBottom: 0 }}>
          <p>
            <strong>Scorers changed:</strong> {compared.changed_scorers.join(", ")} are not compared; grade one run again with the
            other&apos;s suite.
          </p>
        </div>
      ) : null}
      <Matrix detail={detail} />
      <Comparisons detail={detail} />
      <div className="grid even" style={{ marginBottom: 0 }}>
        <Moved title="Regressions" none="No item got worse." rows={compared.regressions} run={compared.a.id} />
        <Moved title="Improvements" none="No item got better." rows={compared.improvements} run={compared.a.id} />
      </div>
    </div>
  );
}

type MovedItem = RunComparison["regressions"][number];

function Moved({ title, none, rows, run }: { title: string; none: string; rows: MovedItem[]; run: string }) {
  const columns: Column<MovedItem>[] = [
    {
      key: "item",
      title: "Item",
      head: true,
      cell: (row) => (
        <Link to="/runs/$id" params={{ id: run }} search={{ item: String(row.place) }} data-row>
          {count(row.place + 1)} · {row.about ?? row.item_id ?? row.item_hash.slice(0, 8)}
        </Link>
      ),
    },
    { key: "b", title: "Before", numeric: true, cell: (row) => grade(row.b) },
    { key: "a", title: "Now", numeric: true, cell: (row) => grade(row.a) },
    {
      key: "delta",
      title: "Difference",
      numeric: true,
      cell: (row) => <span className={row.a < row.b ? "bad" : "ok"}>{difference(row.a - row.b)}</span>,
    },
  ];
  return (
    <Card title={title} question={`${count(rows.length)}${rows.length >= 100 ? " and perhaps more" : ""}, widest first.`}>
      {rows.length === 0 ? (
        <p className="muted">{none}</p>
      ) : (
        <Table label={title} columns={columns} rows={rows} rowKey={(row) => row.item_hash} />
      )}
    </Card>
  );
}

function Pick({ label, value, runs, onPick }: { label: string; value: string; runs: RunRow[]; onPick: (id: string) => void }) {
  return (
    <select aria-label={label} value={value} onChange={(event) => onPick(event.target.value)}>
      <option value="">{label}…</option>
      {runs.map((run) => (
        <option key={run.id} value={run.id}>
          {run.suite} {run.id}
        </option>
      ))}
    </select>
  );
}
