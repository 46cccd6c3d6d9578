import { Link } from "@tanstack/react-router";
import type { PolicyDiff } from "../../api/types";
import { difference, percent, usd } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Pill, type Tone } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";
import { mathsOf } from "./maths";

const STATES: Record<PolicyDiff["state"], [Tone, string, string]> = {
  proposed: ["warn", "!", "Waits for you"],
  applied: ["ok", "✓", "Applied"],
  rejected: ["plain", "✕", "Rejected"],
};

export function DiffPill({ state }: { state: PolicyDiff["state"] }) {
  const [tone, glyph, word] = STATES[state];
  return (
    <Pill tone={tone} glyph={glyph}>
      {word}
    </Pill>
  );
}

export const proposalColumns: Column<PolicyDiff>[] = [
  {
    key: "proposal",
    title: "Proposal",
    head: true,
    cell: (row) => (
      <Link to="/policies/proposals/$id" params={{ id: row.id }} data-row>
        {row.workload}: {row.candidate}
      </Link>
    ),
    value: (row) => `${row.workload}: ${row.candidate}`,
  },
  { key: "state", title: "State", cell: (row) => <DiffPill state={row.state} />, value: (row) => row.state },
  {
    key: "saving",
    title: "Saves in 30 days",
    numeric: true,
    cell: (row) => usd(mathsOf(row)?.cost.monthly_saving_usd),
    value: (row) => mathsOf(row)?.cost.monthly_saving_usd ?? null,
  },
  {
    key: "quality",
    title: "Quality",
    numeric: true,
    cell: (row) => difference(mathsOf(row)?.quality.delta),
    value: (row) => mathsOf(row)?.quality.delta ?? null,
  },
  {
    key: "good",
    title: "Good enough",
    numeric: true,
    wide: true,
    cell: (row) => percent(mathsOf(row)?.quality.good, 0),
    value: (row) => mathsOf(row)?.quality.good ?? null,
  },
  {
    key: "parent",
    title: "Changes",
    wide: true,
    cell: (row) => <code className="muted">{row.parent}</code>,
    value: (row) => row.parent,
  },
  { key: "at", title: "Made", numeric: true, wide: true, cell: (row) => <Ago at={row.at} />, value: (row) => row.at },
];

/** What the optimizer would change, with what it would save and risk. */
export function Proposals({ rows, sort, onSort }: { rows: PolicyDiff[]; sort?: string | undefined; onSort: (sort: string) => void }) {
  return <Table label="Proposals" columns={proposalColumns} rows={rows} rowKey={(row) => row.id} sort={sort} onSort={onSort} />;
}
