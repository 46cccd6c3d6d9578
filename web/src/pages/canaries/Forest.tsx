import type { CanaryDetail, Stratum } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { count, difference, percent } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Pill, type Tone } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";

/** What the segment's own evidence says; promotion wants proof from each that has traffic. */
export function standing(row: Stratum): [Tone, string, string] {
  if (row.scoped_out) return ["bad", "✕", "out of scope"];
  if (row.log_e_rollback >= row.scope_out_at) return ["bad", "✕", "worse"];
  if (row.log_e_promote >= row.promote_at) return ["ok", "✓", "proven"];
  return row.pairs === 0 ? ["plain", "○", "no pairs"] : ["warn", "…", "undecided"];
}

/** The same comparison by segment of the workload: a mean may hide that one part loses. */
export function Forest({ canary }: { canary: CanaryDetail }) {
  const { strata } = canary.evidence;
  const reach = Math.min(
    1,
    Math.max(canary.margin * 2, ...strata.filter((row) => row.pairs > 0).map((row) => Math.min(0.5, Math.max(-row.lower, row.upper)))),
  );
  const columns: Column<Stratum>[] = [
    {
      key: "segment",
      title: "Segment",
      head: true,
      cell: (row) => (row.segment === "*" ? "all" : row.segment),
      value: (row) => row.segment,
    },
    { key: "traffic", title: "Traffic", numeric: true, cell: (row) => percent(row.traffic, 0), value: (row) => row.traffic },
    { key: "pairs", title: "Pairs", numeric: true, cell: (row) => count(row.pairs), value: (row) => row.pairs },
    {
      key: "delta",
      title: "Difference",
      numeric: true,
      cell: (row) => (row.pairs > 0 ? difference(row.delta) : "–"),
      value: (row) => row.delta,
    },
    {
      key: "band",
      title: "95 % band",
      wide: true,
      cell: (row) =>
        row.pairs > 0 ? (
          <span title={`${difference(row.lower)} to ${difference(row.upper)}`}>
            <Interval {...row} value={row.delta} domain={[-reach, reach]} mark={0} pale={row.pairs < 30} />
          </span>
        ) : null,
    },
    {
      key: "standing",
      title: "Verdict",
      cell: (row) => {
        const [tone, glyph, word] = standing(row);
        return (
          <Pill tone={tone} glyph={glyph}>
            {word}
          </Pill>
        );
      },
    },
  ];
  return (
    <Card
      title="By segment"
      question="Does any part of the traffic lose? Units are compared within their segment; a losing one leaves the scope."
    >
      {strata.length === 0 ? (
        <p className="muted">No pairs yet. Segments appear as their units are scored.</p>
      ) : (
        <Table label="Difference by segment" columns={columns} rows={strata} rowKey={(row) => row.segment} />
      )}
    </Card>
  );
}
