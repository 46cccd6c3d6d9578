import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Workload } from "../../api/types";
import { Loaded } from "../../ui/Loaded";
import { windowsQuery } from "./queries";
import { othersSeries, type ScoreSeries } from "./series";

/** Who grades a workload's answers: its own scorers, and whatever else scores come from. */
export function Graders({ workload }: { workload: Workload }) {
  const query = useQuery(windowsQuery(workload.id));
  return (
    <>
      {workload.scorers.length > 0 ? (
        <ul className="plainlist" aria-label="Scorers">
          {workload.scorers.map((name) => (
            <li key={name}>
              <Link to="/scorers/$name" params={{ name }}>
                {name}
              </Link>
            </li>
          ))}
        </ul>
      ) : null}
      <Loaded query={query} height={40}>
        {({ items }) => <Others own={workload.scorers} others={othersSeries(items, workload.scorers)} />}
      </Loaded>
    </>
  );
}

function Others({ own, others }: { own: string[]; others: ScoreSeries[] }) {
  if (others.length > 0) {
    return (
      <>
        <p className="muted">
          {own.length > 0 ? "Scores also come" : "None of its own in weir.toml. Scores come"} from an online rule, the API or a scorer that
          was here before:
        </p>
        <ul className="plainlist" aria-label="Other scores">
          {others.map(({ name, decides }) => (
            <li key={name}>
              {name} {decides ? <span className="muted small">decides</span> : null}
            </li>
          ))}
        </ul>
      </>
    );
  }
  if (own.length > 0) return null;
  return (
    <p className="muted">
      None, and no score of its traffic has come from elsewhere. Without scores no quality is known, and nothing can be routed by it. Name a
      scorer in weir.toml, make an online rule, or send scores to <code>POST /api/v1/scores</code>.
    </p>
  );
}
