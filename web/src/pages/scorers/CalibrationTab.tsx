import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Calibration } from "../../api/types";
import { Calibration as Curve } from "../../charts/Calibration";
import { Chart } from "../../charts/Chart";
import { count, grade, percent, plural } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Grade } from "../../ui/Figure";
import { Loaded } from "../../ui/Loaded";
import { Anchors } from "./Anchors";
import { CalibrationState } from "./CalibrationState";
import { Differ } from "./Differ";
import { Parts } from "./Parts";
import { calibrationQuery } from "./queries";

const route = getRouteApi("/scorers/$name");
const HEIGHT = 300;

/** Does the judge say what people say, and of whom does it not? */
export function CalibrationTab({ name }: { name: string }) {
  const { version } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(calibrationQuery(name, version));
  return (
    <Loaded query={query} height={480}>
      {(calibration) =>
        calibration.labels === 0 ? (
          <Card title="No labels yet" question="Does it say what people say?">
            <div className="empty">
              <p>A judge is trusted by what people say of the same answers. Thirty labels make a start.</p>
              <Link to="/labels" search={{ scorer: name }} className="btn primary">
                Label its answers…
              </Link>
            </div>
          </Card>
        ) : (
          <>
            <div className="grid k2">
              <Plot calibration={calibration} />
              <Figures
                calibration={calibration}
                onVersion={(next) => void navigate({ search: (before) => ({ ...before, version: next || undefined }), replace: true })}
              />
            </div>
            <div className="grid even">
              <Parts title="By family" question="Does it flatter the answers of some models?" parts={calibration.by_family} />
              <Parts title="By length" question="Does it flatter long answers?" parts={calibration.by_length} />
            </div>
            <div className="grid">
              <Differ name={name} rows={calibration.differ} />
              <Anchors name={name} anchors={calibration.anchors ?? null} labels={calibration.labels} />
            </div>
          </>
        )
      }
    </Loaded>
  );
}

function Plot({ calibration }: { calibration: Calibration }) {
  const { bins } = calibration;
  const parts = bins.map(({ judge, people }) => `where it says ${grade(judge)} people say ${grade(people.value)}`);
  return (
    <Chart
      title="People's labels by its grade"
      question="Does a grade mean what people mean by it? Bars are 95 % limits; pale points have fewer than five labels."
      summary={`${plural(calibration.labels, "label")}: ${parts.join(", ")}.`}
      table={{
        header: ["Judge", "People", "from", "to", "Labels"],
        rows: bins.map(({ judge, people }) => [
          grade(judge),
          grade(people.value),
          grade(people.lower),
          grade(people.upper),
          count(people.n),
        ]),
      }}
      height={HEIGHT}
    >
      <Curve points={bins} height={HEIGHT} />
    </Chart>
  );
}

function Figures({ calibration, onVersion }: { calibration: Calibration; onVersion: (version: string) => void }) {
  const { confusion, versions } = calibration;
  return (
    <Card
      title="Agreement"
      question="Of one version alone: another version is another instrument."
      tools={
        versions.length > 1 ? (
          <select aria-label="Version" value={calibration.version ?? ""} onChange={(event) => onVersion(event.target.value)}>
            {versions.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        ) : null
      }
    >
      <div className="stack">
        <dl className="facts">
          <dt>State</dt>
          <dd>
            <CalibrationState calibration={calibration} />
          </dd>
          <dt>Version</dt>
          <dd>
            <code>{calibration.version}</code>
          </dd>
          <dt>Agreement</dt>
          <dd>
            <Grade figure={calibration.agreement ?? null} n /> <span className="muted">both pass or both fail</span>
          </dd>
          <dt>κ</dt>
          <dd>
            <Grade figure={calibration.kappa ?? null} /> <span className="muted">beyond chance (Cohen)</span>
          </dd>
          <dt>α</dt>
          <dd>
            {grade(calibration.alpha)} <span className="muted">of the grades (Krippendorff)</span>
          </dd>
          <dt>Bias</dt>
          <dd>
            <Grade figure={calibration.bias ?? null} /> <span className="muted">judge minus people</span>
          </dd>
          <dt>People pass</dt>
          <dd>
            <Grade figure={calibration.base_rate ?? null} />
          </dd>
          <dt>Two people agree</dt>
          <dd>
            {grade(calibration.between_people)} <span className="muted">the most a judge can reach (α)</span>
          </dd>
        </dl>
        <table aria-label="Pass and fail of both">
          <thead>
            <tr>
              <td />
              <th scope="col" className="n">
                People pass
              </th>
              <th scope="col" className="n">
                People fail
              </th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">It passes</th>
              <Cell n={confusion.both_pass} of={calibration.labels} />
              <Cell n={confusion.judge_only} of={calibration.labels} />
            </tr>
            <tr>
              <th scope="row">It fails</th>
              <Cell n={confusion.people_only} of={calibration.labels} />
              <Cell n={confusion.both_fail} of={calibration.labels} />
            </tr>
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Cell({ n, of }: { n: number; of: number }) {
  return (
    <td className="n">
      {count(n)} <span className="muted">{percent(of > 0 ? n / of : 0, 0)}</span>
    </td>
  );
}
