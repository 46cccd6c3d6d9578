import { useQuery } from "@tanstack/react-query";
import type { CanaryDetail, Candidate } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { count } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Pill } from "../../ui/Pill";
import { Scroll } from "../../ui/Scroll";
import { gradeRow, guardRow, peopleRow, plainRows } from "./guards";
import { workloadQuery } from "./queries";

/** Both arms side by side: the grade that decides, every guard with its bar, and what each costs and takes. */
export function Guardrails({ canary }: { canary: CanaryDetail }) {
  const { evidence } = canary;
  const candidates = useQuery(workloadQuery(canary.workload)).data?.candidates;
  const of = (id: string): Candidate | undefined => candidates?.find((row) => row.deployment === id);
  const rows = [
    gradeRow(canary),
    peopleRow(canary),
    ...evidence.guards.map(guardRow),
    ...plainRows(of(canary.control), of(canary.candidate)),
  ];
  const missing = evidence.missing_candidate + evidence.missing_control;
  return (
    <Card title="Guardrails" question="Both arms get the same share of the same traffic at the same time. The thin line is the bar.">
      <Scroll label="Arms compared">
        <table aria-label="Arms compared">
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col" className="n">
                Stable or bar
              </th>
              <th scope="col" className="n">
                Candidate
              </th>
              <th scope="col" className="n wide">
                Difference
              </th>
              <th scope="col" className="wide">
                Band
              </th>
              <th scope="col">Verdict</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key}>
                <td title={row.note}>
                  {row.name}{" "}
                  {row.note && (row.key === "grade" || row.key === "p95" || row.key === "cost") ? (
                    <span className="muted small wide">{row.note}</span>
                  ) : null}
                </td>
                <td className="n">{row.stable}</td>
                <td className="n">{row.candidate}</td>
                <td className="n wide">{row.difference}</td>
                <td className="wide">{row.glyph ? <Interval {...row.glyph} /> : null}</td>
                <td>
                  <Pill tone={row.verdict[0]} glyph={row.verdict[1]}>
                    {row.verdict[2]}
                  </Pill>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {missing > 0 ? (
        <p className="muted small">
          Answers without a score in time: {count(evidence.missing_candidate)} of the candidate, {count(evidence.missing_control)} of the
          stable one. Each counts as the worst case of each test.
        </p>
      ) : null}
    </Card>
  );
}
