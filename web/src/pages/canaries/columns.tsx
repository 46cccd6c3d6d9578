import { Link } from "@tanstack/react-router";
import type { Canary } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { count, difference, gist, percent } from "../../lib/format";
import { shortName } from "../../lib/names";
import { Ago } from "../../ui/Ago";
import type { Column } from "../../ui/Table";
import { CanaryPill } from "../words";

/** Differences are drawn on one scale, so that rows compare. */
const DOMAIN: [number, number] = [-0.2, 0.2];

export const columns: Column<Canary>[] = [
  {
    key: "canary",
    title: "Canary",
    head: true,
    cell: (row) => (
      <Link to="/canaries/$id" params={{ id: row.id }} data-row>
        {shortName(row.candidate)} on {row.workload}
      </Link>
    ),
    value: (row) => `${row.candidate} on ${row.workload}`,
  },
  {
    key: "state",
    title: "State",
    cell: (row) => <CanaryPill state={row.state} more={row.share > 0 ? `, ${percent(row.share, 0)}` : ""} />,
    value: (row) => row.state,
  },
  {
    key: "control",
    title: "Against",
    wide: "only",
    cell: (row) => <span className="muted">{shortName(row.control)}</span>,
    value: (row) => row.control,
  },
  {
    key: "delta",
    title: "Difference",
    numeric: true,
    cell: (row) => (row.evidence.pairs > 0 ? difference(row.evidence.delta) : "–"),
    value: (row) => (row.evidence.pairs > 0 ? row.evidence.delta : null),
  },
  {
    key: "band",
    title: "95 % band",
    wide: true,
    cell: ({ evidence, margin }) =>
      evidence.pairs > 0 ? (
        <span title={`${difference(evidence.lower)} to ${difference(evidence.upper)}, margin ${difference(-margin)}`}>
          <Interval value={evidence.delta} lower={evidence.lower} upper={evidence.upper} domain={DOMAIN} mark={-margin} />
        </span>
      ) : (
        <span className="muted">no pairs</span>
      ),
  },
  {
    key: "pairs",
    title: "Pairs",
    numeric: true,
    wide: "only",
    cell: (row) => count(row.evidence.pairs),
    value: (row) => row.evidence.pairs,
  },
  {
    key: "verdict",
    title: "Verdict",
    wide: true,
    cell: (row) => (
      <span className="muted clamp" title={row.verdict}>
        {gist(row.verdict)}
      </span>
    ),
    value: (row) => row.verdict,
  },
  {
    key: "changed",
    title: "Changed",
    numeric: true,
    wide: true,
    cell: (row) => <Ago at={row.changed_at} />,
    value: (row) => row.changed_at,
  },
];
