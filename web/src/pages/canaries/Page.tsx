import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { CanaryAct, CanaryDetail } from "../../api/types";
import { Gauge } from "../../charts/Gauge";
import { Ladder } from "../../charts/Ladder";
import { percent } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { shortName } from "../../lib/names";
import { absolute, hourMinute } from "../../lib/time";
import { zoneName } from "../../lib/zone";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Unknown } from "../../ui/Unknown";
import { CanaryPill } from "../words";
import { ActDialog } from "./ActDialog";
import { ACTS, actsOf } from "./acts";
import { DifferenceBand } from "./DifferenceBand";
import { Forest } from "./Forest";
import { FreezeBanner } from "./FreezeBanner";
import { Funnel } from "./Funnel";
import { Guardrails } from "./Guardrails";
import { Pairs } from "./Pairs";
import { canaryQuery } from "./queries";
import { rungs } from "./rungs";
import { ShareChart } from "./ShareChart";
import { isExposed } from "./states";
import { Timeline } from "./Timeline";
import { useCanaryEvents } from "./useCanaryEvents";
import { VerdictBanner } from "./VerdictBanner";
import { Warnings } from "./Warnings";

const route = getRouteApi("/canaries/$id");

/** Is the candidate worse, and why did it move? */
export default function Page() {
  const { id } = route.useParams();
  const query = useQuery(canaryQuery(id));
  useCanaryEvents();
  const [act, setAct] = useState<CanaryAct | null>(null);
  const allowed = query.data ? actsOf(query.data.state) : [];
  const press = (key: string) => {
    const found = allowed.find((each) => ACTS[each].key === key);
    if (found) setAct(found);
  };
  useKeys({ p: () => press("p"), r: () => press("r"), a: () => press("a"), P: () => press("P") });
  return (
    <Loaded query={query} height={640} head={<Unknown title="Canary" to="/canaries" all="All canaries" />}>
      {(canary) => (
        <>
          <Head canary={canary} ask={setAct} />
          <FreezeBanner workload={canary.workload} />
          <VerdictBanner canary={canary} />
          <Warnings warnings={canary.warnings} />
          <div className="grid side">
            <div className="stack">
              <DifferenceBand canary={canary} />
              <Guardrails canary={canary} />
            </div>
            <Steps canary={canary} now={query.dataUpdatedAt} />
          </div>
          <div className="grid even">
            <Funnel id={canary.id} />
            <ShareChart canary={canary} />
          </div>
          <div className="grid">
            <Forest canary={canary} />
            <Pairs canary={canary} />
            <Timeline events={canary.events} />
          </div>
          {act ? <ActDialog canary={canary} act={act} onClose={() => setAct(null)} /> : null}
        </>
      )}
    </Loaded>
  );
}

function Steps({ canary, now }: { canary: CanaryDetail; now: number }) {
  const { evidence } = canary;
  return (
    <div className="stack">
      <Card title="Steps" question="Each step waits for evidence, not for a clock.">
        <Ladder label="Steps of the canary" rungs={rungs(canary, now)} />
      </Card>
      <Card title="Evidence" question="Each grows only by proof; looking early costs nothing.">
        <div className="stack">
          <Gauge label="Promote" at={evidence.log_e_promote} decides={evidence.promote_at} tone="ok" />
          <Gauge label="Hold" at={evidence.log_e_harm} decides={evidence.hold_at} tone="warn" />
          <Gauge label="Roll back" at={evidence.log_e_rollback} decides={evidence.rollback_at} tone="bad" />
          <p className="muted small">
            At its present share it may cost the workload at worst {percent(canary.expected_loss)} of the mean grade; allowed{" "}
            {percent(canary.risk_budget)}.
          </p>
        </div>
      </Card>
    </div>
  );
}

function Head({ canary, ask }: { canary: CanaryDetail; ask: (act: CanaryAct) => void }) {
  const exposed = isExposed(canary.state) && canary.share > 0;
  return (
    <PageHead
      title={`${shortName(canary.candidate)} on ${canary.workload}`}
      state={<CanaryPill state={canary.state} more={exposed ? `, ${percent(canary.share, 0)}` : ""} />}
      sub={
        <>
          Candidate <code>{canary.candidate}</code> against stable <code>{canary.control}</code> on{" "}
          <Link to="/workloads/$id" params={{ id: canary.workload }}>
            {canary.workload}
          </Link>
          . Started{" "}
          <time dateTime={canary.created_at} title={absolute(canary.created_at)}>
            {hourMinute(canary.created_at)} {zoneName(new Date(canary.created_at))}
          </time>{" "}
          by {canary.proposer}, revision <code>{canary.base}</code>.{" "}
          <Link to="/traces" search={{ canary: canary.id }}>
            Its requests
          </Link>
          .
        </>
      }
    >
      {actsOf(canary.state).map((act) => (
        <button key={act} type="button" className={`btn ${ACTS[act].tone}`} onClick={() => ask(act)}>
          {ACTS[act].title}…<kbd className="wide">{ACTS[act].key === "P" ? "⇧P" : ACTS[act].key}</kbd>
        </button>
      ))}
    </PageHead>
  );
}
