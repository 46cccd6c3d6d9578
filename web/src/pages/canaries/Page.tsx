import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { CanaryAct, CanaryDetail } from "../../api/types";
import { Gauge } from "../../charts/Gauge";
import { Ladder } from "../../charts/Ladder";
import { percent } from "../../lib/format";
import { useKeys } from "../../lib/keys";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { shortName } from "../../lib/names";
import { CanaryPill } from "../words";
import { ActDialog } from "./ActDialog";
import { Arms } from "./Arms";
import { DifferenceBand } from "./DifferenceBand";
import { canaryQuery } from "./queries";
import { rungs } from "./rungs";
import { Timeline } from "./Timeline";
import { VerdictBanner } from "./VerdictBanner";

const route = getRouteApi("/canaries/$id");

/** Is the candidate worse, and why did it move? */
export default function Page() {
  const { id } = route.useParams();
  const query = useQuery(canaryQuery(id));
  const [act, setAct] = useState<CanaryAct | null>(null);
  const state = query.data?.state;
  useKeys({ p: () => (state === "running" ? setAct("pause") : state === "held" ? setAct("resume") : undefined) });
  return (
    <Loaded query={query} height={640}>
      {(canary) => (
        <>
          <Head canary={canary} ask={setAct} />
          <VerdictBanner canary={canary} />
          <div className="grid side">
            <div className="stack">
              <DifferenceBand canary={canary} />
              <Arms canary={canary} />
            </div>
            <div className="stack">
              <Card title="Evidence" question="Both grow only by proof; looking early costs nothing.">
                <div className="stack">
                  <Gauge label="Promote" at={canary.evidence.log_e_promote} decides={canary.evidence.promote_at} tone="ok" />
                  <Gauge label="Roll back" at={canary.evidence.log_e_rollback} decides={canary.evidence.rollback_at} tone="bad" />
                </div>
              </Card>
              <Card title="Steps" question="Each step waits for evidence, not for a clock.">
                <Ladder rungs={rungs(canary)} />
              </Card>
            </div>
          </div>
          <Timeline events={canary.events} />
          {act ? <ActDialog canary={canary} act={act} onClose={() => setAct(null)} /> : null}
        </>
      )}
    </Loaded>
  );
}

function Head({ canary, ask }: { canary: CanaryDetail; ask: (act: CanaryAct) => void }) {
  const live = canary.state === "running" || canary.state === "held";
  return (
    <PageHead
      title={`${shortName(canary.candidate)} on ${canary.workload}`}
      state={<CanaryPill state={canary.state} more={live ? `, ${percent(canary.share, 0)} per arm` : ""} />}
      sub={
        <>
          Candidate <code>{canary.candidate}</code> against stable <code>{canary.control}</code> on{" "}
          <Link to="/workloads/$id" params={{ id: canary.workload }}>
            {canary.workload}
          </Link>
          . Started <Ago at={canary.created_at} words /> from revision <code>{canary.base}</code>.{" "}
          <Link to="/traces" search={{ canary: canary.id }}>
            Its requests
          </Link>
          .
        </>
      }
    >
      {live ? (
        <>
          <button type="button" className="btn" onClick={() => ask(canary.state === "held" ? "resume" : "pause")}>
            {canary.state === "held" ? "Resume…" : "Pause…"} <kbd className="wide">p</kbd>
          </button>
          <button type="button" className="btn danger" onClick={() => ask("roll_back")}>
            Roll back…
          </button>
          <button type="button" className="btn primary" onClick={() => ask("promote")}>
            Promote now…
          </button>
        </>
      ) : null}
    </PageHead>
  );
}
