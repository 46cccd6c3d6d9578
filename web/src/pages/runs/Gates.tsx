import type { Run } from "../../api/types";
import { Card } from "../../ui/Card";
import { Scroll } from "../../ui/Scroll";
import { Verdict } from "./words";

/** What the suite demands, and whether it was shown. */
export function Gates({ detail: { gates } }: { detail: Run }) {
  return (
    <Card title="Gates" question="Does it show what the suite demands? Inconclusive means that more items would decide.">
      {gates.length === 0 ? (
        <p className="muted">The suite demands nothing: add a [[gate]] to it, and a run can guard a pull request.</p>
      ) : (
        <Scroll label="Gates">
          <table aria-label="Gates">
            <thead>
              <tr>
                <th scope="col">Gate</th>
                <th scope="col">Who</th>
                <th scope="col">State</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {gates.map((gate) => (
                <tr key={`${gate.name}/${gate.arm}`}>
                  <th scope="row">{gate.name}</th>
                  <td className="mono">{gate.arm}</td>
                  <td>
                    <Verdict word={gate.state} />
                  </td>
                  <td>{gate.sentence}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Card>
  );
}
