import { useQuery } from "@tanstack/react-query";
import type { CanaryPairs } from "../../api/types";
import { count, percent } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import css from "./Funnel.module.css";
import { pairsQuery } from "./queries";

interface Rung {
  name: string;
  says: string;
  n: number;
  /** What a full bar would be. */
  of: number;
}

/** Units are halves of pairs, so the second half of the funnel is measured in pairs. */
export function funnel({ offered, units, paired, scored, imputed }: CanaryPairs["funnel"]): Rung[] {
  return [
    { name: "Requests", says: "that ended, both arms", n: offered, of: offered },
    { name: "Units", says: "whose outcome is known", n: units, of: offered },
    { name: "Pairs", says: "one unit of each arm", n: paired, of: offered / 2 },
    { name: "Scored", says: "both grades are there", n: scored, of: offered / 2 },
    { name: "Imputed", says: "one is missing: counted as the worst case", n: imputed, of: offered / 2 },
  ];
}

/** How many requests became evidence, and where the others stayed. */
export function Funnel({ id }: { id: string }) {
  const query = useQuery(pairsQuery(id));
  return (
    <Card
      title="From requests to evidence"
      question="Where do requests stay behind? Bars are shares of what could be; scores that came after a decision are counted too."
    >
      <Loaded query={query} height={170}>
        {(pairs) => (
          <table className={css.funnel} aria-label="From requests to evidence">
            <tbody>
              {funnel(pairs.funnel).map((rung) => {
                const share = rung.of > 0 ? Math.min(1, rung.n / rung.of) : 0;
                return (
                  <tr key={rung.name}>
                    <th scope="row">
                      {rung.name} <span className="muted small wide">{rung.says}</span>
                    </th>
                    <td className="n">{count(rung.n)}</td>
                    <td className={css.bar}>
                      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                        <rect width={100} height={8} fill="var(--line)" />
                        <rect width={share * 100} height={8} fill={rung.name === "Imputed" ? "var(--warn)" : "var(--s1)"} />
                      </svg>
                    </td>
                    <td className="n muted">{rung.of > 0 ? percent(share, 0) : "–"}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </Loaded>
    </Card>
  );
}
