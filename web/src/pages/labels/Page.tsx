import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { AgreementCard } from "./AgreementCard";
import { History } from "./History";
import { judgesOf } from "./judges";
import { PlanForm } from "./PlanForm";
import { Plans } from "./Plans";
import { Queue } from "./Queue";
import { configQuery, plansQuery } from "./queries";

const route = getRouteApi("/labels");

/** What do people say of the answers that a judge grades? */
export default function Page() {
  const { scorer } = route.useSearch();
  const navigate = route.useNavigate();
  const plans = useQuery(plansQuery);
  const config = useQuery(configQuery);
  const judges = judgesOf(config.data?.items ?? []);
  const asked = plans.data?.items.filter((plan) => plan.share > 0 || plan.open > 0) ?? [];
  const pick = (name: string) => void navigate({ search: { scorer: name || undefined }, replace: true });
  return (
    <>
      <PageHead title="Labels" sub="Blind: you see the question and the answer, and what the judge said only once your label is in.">
        {asked.length > 0 ? (
          <select data-filter aria-label="Judge" value={scorer ?? ""} onChange={(event) => pick(event.target.value)}>
            <option value="">All judges</option>
            {asked.map((plan) => (
              <option key={plan.scorer}>{plan.scorer}</option>
            ))}
          </select>
        ) : null}
      </PageHead>
      <Loaded query={plans} height={400}>
        {() =>
          asked.length === 0 ? (
            <Card title="Nobody is asked yet" question="Which share of a judge's grades shall people look at?">
              <PlanForm judges={judges} ready={config.data !== undefined} />
            </Card>
          ) : (
            <>
              <div className="grid side">
                <Queue scorer={scorer} />
                <AgreementCard scorer={scorer ?? asked[0]?.scorer ?? ""} />
              </div>
              <div className="grid">
                <Plans plans={plans.data?.items ?? []} judges={judges} />
                <History scorer={scorer} />
              </div>
            </>
          )
        }
      </Loaded>
    </>
  );
}
