import { useQuery } from "@tanstack/react-query";
import type { PolicyReplay } from "../../api/types";
import { change, count, difference, grade, percent, plural, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { replayQuery } from "./queries";

/** The change of the two figures that decide, in one sentence. */
export function outcome({ requests, moved, now, before }: PolicyReplay): string {
  if (requests === 0) return "No routed request is on record to decide again.";
  if (!before) return `Over the last ${plural(requests, "request")} there is no earlier revision to compare with.`;
  const parts = [`Of the last ${plural(requests, "request")}, ${count(moved)} (${percent(moved / requests)}) would go elsewhere`];
  if (now.cost_per_1k_usd !== null && before.cost_per_1k_usd !== null && before.cost_per_1k_usd > 0)
    parts.push(`expected cost ${change(now.cost_per_1k_usd / before.cost_per_1k_usd - 1)}`);
  if (now.quality !== null && before.quality !== null) parts.push(`quality ${difference(now.quality - before.quality)}`);
  return `${parts.join(", ")}.`;
}

/** The newest requests decided again under both revisions. */
export function ReplayCard({ workload, revision, against }: { workload: string; revision: string; against: string | undefined }) {
  const query = useQuery(replayQuery(workload, revision, against));
  return (
    <Card title="Replay" question="What would it have changed? The newest recorded decisions, made again from what was known then.">
      <Loaded query={query} height={140}>
        {(replay) => (
          <>
            <p style={{ marginBottom: 8 }}>{outcome(replay)}</p>
            {replay.before ? (
              <table aria-label="Replay">
                <thead>
                  <tr>
                    <th scope="col">Under</th>
                    <th scope="col" className="n">
                      Expected cost / 1 k
                    </th>
                    <th scope="col" className="n">
                      Quality
                    </th>
                    <th scope="col" className="n">
                      Its lower bound
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {[[replay.against ?? "", replay.before] as const, [replay.revision, replay.now] as const].map(([name, choice]) => (
                    <tr key={name}>
                      <th scope="row" className="mono">
                        {name}
                      </th>
                      <td className="n">{usd(choice.cost_per_1k_usd)}</td>
                      <td className="n">{grade(choice.quality)}</td>
                      <td className="n">{grade(choice.quality_lower)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            ) : null}
            {replay.before ? (
              <ul className="plainlist muted" aria-label="Where requests would go" style={{ marginTop: 8 }}>
                {replay.moves.length === 0 ? <li>None of them would go elsewhere.</li> : null}
                {replay.moves.slice(0, 5).map((move) => (
                  <li key={`${move.from}/${move.to}`}>
                    {plural(move.n, "request")} from <code>{move.from}</code> to <code>{move.to}</code>
                  </li>
                ))}
              </ul>
            ) : null}
          </>
        )}
      </Loaded>
    </Card>
  );
}
