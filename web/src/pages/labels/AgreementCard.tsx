import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { plural } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Grade } from "../../ui/Figure";
import { Loaded } from "../../ui/Loaded";
import { calibrationQuery } from "../scorers/queries";
import { CalibrationState } from "../scorers/CalibrationState";

/** How far the judge and people agree so far. */
export function AgreementCard({ scorer }: { scorer: string }) {
  const query = useQuery(calibrationQuery(scorer));
  return (
    <Card title="Agreement" question={<>Does {scorer} say what people say?</>}>
      <Loaded query={query} height={140}>
        {(calibration) => (
          <div className="stack">
            <dl className="facts">
              <dt>Labels</dt>
              <dd>{plural(calibration.labels, "answer")}</dd>
              <dt>Pass and fail</dt>
              <dd>
                <Grade figure={calibration.agreement ?? null} />
              </dd>
              <dt title="Cohen's kappa: agreement beyond chance">κ</dt>
              <dd>
                <Grade figure={calibration.kappa ?? null} />
              </dd>
              <dt title="The judge's grade minus people's">Bias</dt>
              <dd>
                <Grade figure={calibration.bias ?? null} />
              </dd>
            </dl>
            <div className="row">
              <CalibrationState calibration={calibration} />
              <Link to="/scorers/$name" params={{ name: scorer }} search={{ tab: "calibration" }}>
                Calibration
              </Link>
            </div>
          </div>
        )}
      </Loaded>
    </Card>
  );
}
