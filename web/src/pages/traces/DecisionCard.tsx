import { useQuery } from "@tanstack/react-query";
import type { CandidateRecord, CandidateVerdict, Decision, Trace } from "../../api/types";
import { count, ms, percent, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Grade } from "../../ui/Figure";
import { Pill, type Tone } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";
import { decisionQuery } from "./queries";

const VERDICTS: Record<CandidateVerdict, [Tone, string, string]> = {
  chosen: ["ok", "✓", "Chosen"],
  fallback: ["plain", "↳", "Fallback"],
  not_admitted: ["plain", "○", "Not admitted: takes traffic only through a canary"],
  not_capable: ["plain", "○", "Cannot do what the request needs"],
  unhealthy: ["bad", "✕", "Its breaker is open"],
  below_floor: ["bad", "✕", "Its lower bound misses the floor"],
  suspect: ["warn", "!", "Under suspicion of drift"],
  unproven: ["warn", "…", "No evidence that it clears the floor"],
  other_arm: ["plain", "◐", "The other arm of the canary"],
  excluded: ["plain", "○", "Kept out by a lock or a requirement of the policy"],
  over_ceiling: ["plain", "○", "Over a ceiling of cost or latency"],
};

const NANO = 1e9;

const columns: Column<CandidateRecord>[] = [
  { key: "deployment", title: "Candidate", head: true, cell: (row) => <span className="mono">{row.deployment}</span> },
  {
    key: "verdict",
    title: "Verdict",
    cell: (row) => {
      const [tone, glyph, words] = VERDICTS[row.verdict] ?? ["plain", "●", row.verdict];
      return (
        <Pill tone={tone} glyph={glyph}>
          {words}
        </Pill>
      );
    },
  },
  {
    key: "quality",
    title: "Quality then",
    numeric: true,
    cell: ({ quality }) => <Grade figure={quality ? { ...quality, value: quality.mean } : null} n />,
  },
  {
    key: "cost",
    title: "Expected cost",
    wide: true,
    numeric: true,
    cell: (row) => (row.expected_cost === null ? "unknown" : usd(row.expected_cost / NANO)),
  },
  { key: "latency", title: "Latency then", numeric: true, wide: "only", cell: (row) => ms(row.latency_ms) },
  { key: "in_flight", title: "In flight", numeric: true, wide: "only", cell: (row) => count(row.in_flight) },
];

/** Why this route: the sentences, and every candidate with what was known of it then. */
export function DecisionCard({ trace }: { trace: Trace }) {
  const explained = useQuery({ ...decisionQuery(trace.span_id), enabled: trace.decision !== null });
  if (!trace.decision) {
    return (
      <Card title="Decision" question="Why this route?">
        <p className="muted">No decision was made: the request was refused before routing.</p>
      </Card>
    );
  }
  const sentences = explained.data?.sentences ?? [];
  return (
    <Card title="Decision" question={<Where decision={trace.decision} />}>
      {sentences.length > 0 ? (
        <div style={{ marginBottom: 8 }}>
          {sentences.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </div>
      ) : null}
      <Table label="Candidates of the decision" columns={columns} rows={trace.decision.candidates} rowKey={(row) => row.deployment} />
    </Card>
  );
}

function Where({ decision }: { decision: Decision }) {
  return (
    <>
      Why this route? <code>{decision.strategy}</code>, revision <code>{decision.revision}</code>, with probability{" "}
      {percent(decision.propensity)}.{decision.exposure ? ` In a canary, as its ${decision.exposure.arm}.` : ""}
    </>
  );
}
