import { useQuery } from "@tanstack/react-query";
import type { CanaryDetail, Candidate } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { change, count, difference, grade, ms, NONE, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Pill, type Tone } from "../../ui/Pill";
import { workloadQuery } from "./queries";
import { Scroll } from "../../ui/Scroll";

type Verdict = [Tone, string, string];
const UNDECIDED: Verdict = ["warn", "…", "undecided"];

function gradeVerdict({ evidence, margin }: CanaryDetail): Verdict {
  if (evidence.pairs === 0) return ["plain", "○", "no pairs"];
  if (evidence.lower > 0) return ["ok", "✓", "better"];
  if (evidence.lower > -margin) return ["ok", "✓", "not worse"];
  if (evidence.upper < -margin) return ["bad", "✕", "worse"];
  return UNDECIDED;
}

/** Ratios without a band are told as they are, never as proven. */
function ratioVerdict(stable: number | null | undefined, candidate: number | null | undefined): [string, string] {
  if (!stable || candidate === null || candidate === undefined) return [NONE, "unknown"];
  const by = candidate / stable - 1;
  return [change(by), by < -0.005 ? "lower" : by > 0.005 ? "higher" : "equal"];
}

/** Both arms side by side: the grade that decides, what is missing, and what each costs and takes. */
export function Arms({ canary }: { canary: CanaryDetail }) {
  const { evidence, margin } = canary;
  const candidates = useQuery(workloadQuery(canary.workload)).data?.candidates;
  const of = (id: string): Candidate | undefined => candidates?.find((row) => row.deployment === id);
  const [candidate, control] = [of(canary.candidate), of(canary.control)];
  const widest = Math.max(Math.abs(evidence.lower), Math.abs(evidence.upper));
  const reach = Math.max(margin * 2, Math.abs(evidence.delta) * 1.2, Math.min(0.5, widest));
  const [tone, glyph, word] = gradeVerdict(canary);
  const known = evidence.pairs > 0;
  const attrition = evidence.missing_candidate - evidence.missing_control;
  const rows: [string, string, string, [string, string]][] = [
    ["p95 latency, 24 h", ms(control?.p95_ms), ms(candidate?.p95_ms), ratioVerdict(control?.p95_ms, candidate?.p95_ms)],
    [
      "cost / 1 k, 24 h",
      usd(control?.cost_per_1k_usd),
      usd(candidate?.cost_per_1k_usd),
      ratioVerdict(control?.cost_per_1k_usd, candidate?.cost_per_1k_usd),
    ],
  ];
  return (
    <Card title="Guardrails" question="Both arms get the same share of the same traffic at the same time.">
      <Scroll label="Arms compared">
        <table aria-label="Arms compared">
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col" className="n">
                Stable
              </th>
              <th scope="col" className="n">
                Candidate
              </th>
              <th scope="col" className="n">
                Difference
              </th>
              <th scope="col" className="wide">
                95 % band
              </th>
              <th scope="col">Verdict</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <td>
                {canary.scorer} <span className="muted small">decides</span>
              </td>
              <td className="n">{known ? grade(evidence.control_mean) : NONE}</td>
              <td className="n">{known ? grade(evidence.candidate_mean) : NONE}</td>
              <td className="n">{known ? difference(evidence.delta) : NONE}</td>
              <td className="wide">
                {known ? (
                  <Interval value={evidence.delta} lower={evidence.lower} upper={evidence.upper} domain={[-reach, reach]} mark={-margin} />
                ) : null}
              </td>
              <td>
                <Pill tone={tone} glyph={glyph}>
                  {word}
                </Pill>
              </td>
            </tr>
            <tr>
              <td>answers without a score</td>
              <td className="n">{count(evidence.missing_control)}</td>
              <td className="n">{count(evidence.missing_candidate)}</td>
              <td className="n">{attrition === 0 ? "0" : (attrition > 0 ? "+" : "−") + count(Math.abs(attrition))}</td>
              <td className="wide" />
              <td className="muted">counted as worst case</td>
            </tr>
            {rows.map(([name, stable, mine, [by, verdict]]) => (
              <tr key={name}>
                <td>{name}</td>
                <td className="n">{stable}</td>
                <td className="n">{mine}</td>
                <td className="n">{by}</td>
                <td className="wide" />
                <td className="muted">{verdict}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
