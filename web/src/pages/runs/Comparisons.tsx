import type { Run } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { count, difference } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Pill, type Tone } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";

export type Comparison = Run["comparisons"][number];

/** What the interval of a difference says. */
export function standing({
  delta,
  resolved,
  items_needed: needed,
}: Pick<Comparison, "delta" | "resolved" | "items_needed">): [Tone, string, string] {
  if (resolved) return delta.value > 0 ? ["ok", "▲", "better"] : ["bad", "▼", "worse"];
  return ["warn", "…", needed === null ? "no difference seen" : `about ${count(needed)} more items`];
}

/** Why there is nothing to show, and what would change that. */
function nothing({ run: { arms, against } }: Run): string {
  if (arms.length < 2) return "One model was asked, so there is nobody to compare it with. Start a run with two or more.";
  if (against === null) return "The suite names no baseline. A run started here compares with the workload's stable deployment.";
  return `No item has been graded in both ${against} and another yet.`;
}

/** Each arm beside the baseline, item by item, the largest loss first. */
export function Comparisons({ detail }: { detail: Run }) {
  const rows = [...detail.comparisons].sort((a, b) => a.delta.value - b.delta.value);
  const reach = Math.max(0.02, ...rows.map((row) => Math.min(0.5, Math.max(Math.abs(row.delta.lower), Math.abs(row.delta.upper)))));
  const columns: Column<Comparison>[] = [
    { key: "arm", title: "Who", head: true, cell: (row) => <span className="mono">{row.arm}</span>, value: (row) => row.arm },
    { key: "metric", title: "By", cell: (row) => row.metric, value: (row) => row.metric },
    {
      key: "delta",
      title: "Difference",
      cell: (row) => (
        <span className="row nowrap" style={{ flexWrap: "nowrap" }} title={row.sentence}>
          {difference(row.delta.value)}
          <span className="wide">
            <Interval {...row.delta} domain={[-reach, reach]} mark={0} width={90} />
          </span>
        </span>
      ),
      value: (row) => row.delta.value,
    },
    {
      key: "wins",
      title: "Won, tied, lost",
      numeric: true,
      wide: true,
      cell: (row) => `${count(row.wins)}, ${count(row.ties)}, ${count(row.losses)}`,
      value: (row) => row.wins - row.losses,
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
  const against = rows[0]?.against;
  return (
    <Card
      title="Against the baseline"
      question={against ? `Is anybody better than ${against}? Differences item by item.` : "Is anybody better?"}
    >
      {rows.length === 0 ? (
        <p className="muted">{nothing(detail)}</p>
      ) : (
        <Table label="Against the baseline" columns={columns} rows={rows} rowKey={(row) => `${row.arm}/${row.metric}`} />
      )}
    </Card>
  );
}
