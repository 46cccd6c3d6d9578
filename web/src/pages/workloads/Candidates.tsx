import { getRouteApi } from "@tanstack/react-router";
import type { Candidate, Workload } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { nice } from "../../charts/scale";
import { MIN_N } from "../../lib/bounds";
import { compact, count, grade, ms, percent, usd } from "../../lib/format";
import { Grade } from "../../ui/Figure";
import { Pill } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";

const route = getRouteApi("/workloads/$id");

function standing(row: Candidate, floor: number | null) {
  if (row.stable) {
    return (
      <Pill tone="ok" glyph="✓">
        Stable
      </Pill>
    );
  }
  if (!row.admitted) {
    return (
      <Pill tone="plain" glyph="○" title="Takes traffic only through a canary">
        Not admitted
      </Pill>
    );
  }
  if (floor !== null && row.quality && row.quality.lower < floor) {
    return (
      <Pill tone="bad" title="Its lower bound misses the floor">
        Below floor
      </Pill>
    );
  }
  return <Pill tone="ok">Admitted</Pill>;
}

/** Mean, bounds and number of scores of each candidate, on one scale. */
export function Candidates({ workload }: { workload: Workload }) {
  const { sort } = route.useSearch();
  const navigate = route.useNavigate();
  const grades = workload.candidates.flatMap(({ quality }) => (quality && quality.n > 0 ? [quality.lower, quality.upper] : []));
  const marks = workload.floor === null ? grades : [...grades, workload.floor];
  const domain: [number, number] = marks.length > 0 ? nice(Math.min(...marks), Math.max(...marks)) : [0, 1];
  const columns: Column<Candidate>[] = [
    {
      key: "deployment",
      title: "Deployment",
      head: true,
      cell: (row) => <span className="mono">{row.deployment}</span>,
      value: (row) => row.deployment,
    },
    { key: "standing", title: "Standing", cell: (row) => standing(row, workload.floor) },
    {
      key: "quality",
      title: "Grade",
      numeric: true,
      cell: (row) => <Grade figure={row.quality} />,
      value: (row) => row.quality?.value ?? null,
    },
    {
      key: "band",
      title: workload.floor === null ? "Lower to upper bound" : `Lower to upper bound, floor ${workload.floor}`,
      wide: true,
      cell: ({ quality }) =>
        quality && quality.n > 0 ? (
          <span className="row nowrap" style={{ flexWrap: "nowrap" }}>
            <Interval {...quality} domain={domain} mark={workload.floor} pale={quality.n < MIN_N} width={110} />
            <span className="muted">
              {grade(quality.lower)} to {grade(quality.upper)}
            </span>
          </span>
        ) : (
          <span className="muted">no scores</span>
        ),
    },
    {
      key: "n",
      title: "Scores",
      numeric: true,
      wide: true,
      cell: (row) => count(row.quality?.n ?? 0),
      value: (row) => row.quality?.n ?? 0,
    },
    {
      key: "cost",
      title: "Cost / 1 k",
      numeric: true,
      wide: true,
      cell: (row) => usd(row.cost_per_1k_usd),
      value: (row) => row.cost_per_1k_usd,
    },
    { key: "p95", title: "p95", numeric: true, wide: "only", cell: (row) => ms(row.p95_ms), value: (row) => row.p95_ms },
    { key: "requests", title: "Requests", numeric: true, wide: "only", cell: (row) => compact(row.requests), value: (row) => row.requests },
    { key: "share", title: "Share", numeric: true, wide: "only", cell: (row) => percent(row.share), value: (row) => row.share },
  ];
  return (
    <Table
      label={`Candidates of ${workload.id}`}
      columns={columns}
      rows={workload.candidates}
      rowKey={(row) => row.deployment}
      sort={sort}
      onSort={(next) => void navigate({ search: (before) => ({ ...before, sort: next }), replace: true })}
    />
  );
}
