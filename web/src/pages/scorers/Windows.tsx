import { Link } from "@tanstack/react-router";
import type { WindowRow } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { nice } from "../../charts/scale";
import { MIN_N } from "../../lib/bounds";
import { count, grade } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Pill, type Tone } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";
import type { ScorerRow } from "./gather";

type Row = WindowRow & { workload: string };
const STATES: Record<string, [Tone, string, string]> = {
  learning: ["plain", "○", "learning its level"],
  steady: ["ok", "✓", "steady"],
  suspect: ["warn", "!", "suspect"],
  returning: ["warn", "◐", "on trial again"],
};

/** What a scorer says of each deployment, and how it is set. */
export function Windows({ row }: { row: ScorerRow }) {
  const rows: Row[] = row.used.flatMap(({ workload, windows }) => windows.map((window) => ({ ...window, workload })));
  const ends = rows.flatMap((each) => [each.lower, each.upper]);
  const domain: [number, number] = ends.length > 0 ? nice(Math.min(...ends), Math.max(...ends)) : [0, 1];
  const columns: Column<Row>[] = [
    {
      key: "deployment",
      title: "Deployment",
      head: true,
      cell: (each) => <span className="mono">{each.deployment}</span>,
      value: (each) => each.deployment,
    },
    {
      key: "workload",
      title: "Workload",
      cell: (each) => (
        <Link to="/workloads/$id" params={{ id: each.workload }}>
          {each.workload}
        </Link>
      ),
      value: (each) => each.workload,
    },
    {
      key: "version",
      title: "Version",
      wide: true,
      cell: (each) => <code className="muted">{each.version}</code>,
      value: (each) => each.version,
    },
    { key: "mean", title: "Mean", numeric: true, cell: (each) => grade(each.mean), value: (each) => each.mean },
    {
      key: "band",
      title: "Band",
      wide: true,
      cell: (each) => <Interval value={each.mean} lower={each.lower} upper={each.upper} domain={domain} pale={each.n < MIN_N} />,
    },
    { key: "n", title: "Scores", numeric: true, cell: (each) => count(each.n), value: (each) => each.n },
    { key: "unscored", title: "Unscored", numeric: true, wide: true, cell: (each) => count(each.unscored), value: (each) => each.unscored },
    {
      key: "state",
      title: "Drift",
      cell: (each) => {
        const [tone, glyph, word] = STATES[each.state] ?? ["plain", "●", each.state];
        return (
          <Pill tone={tone} glyph={glyph}>
            {word}
          </Pill>
        );
      },
      value: (each) => each.state,
    },
  ];
  return (
    <div className="grid">
      <Card title="What it says" question="Of each deployment, in the present windows. A new version starts windows of its own.">
        {rows.length === 0 ? (
          <p className="muted">No scores yet{row.used.length === 0 ? ": no workload lists it" : ""}.</p>
        ) : (
          <Table
            label={`Windows of ${row.name}`}
            columns={columns}
            rows={rows}
            rowKey={(each) => `${each.workload}/${each.deployment}/${each.version}`}
          />
        )}
      </Card>
      <Card title="Settings" question="As it is configured, and where.">
        {row.settings.length === 0 ? (
          <p className="muted">It is not in the configuration: its grades come from outside.</p>
        ) : (
          <dl className="facts">
            {row.settings.map((setting) => (
              <div key={setting.key} style={{ display: "contents" }}>
                <dt className="mono">{setting.key}</dt>
                <dd>
                  <code>{setting.value}</code> <span className="muted small">{setting.origin}</span>
                </dd>
              </div>
            ))}
          </dl>
        )}
      </Card>
    </div>
  );
}
