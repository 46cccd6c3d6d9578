import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import type { Revision } from "../../api/types";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Pill } from "../../ui/Pill";
import { Unknown } from "../../ui/Unknown";
import { sentence } from "../../lib/format";
import { By } from "./By";
import { Confirm } from "./Confirm";
import { align, sentences, stageText } from "./diff";
import { revisionsQuery } from "./queries";
import { ReplayCard } from "./ReplayCard";
import { SideBySide } from "./SideBySide";

const route = getRouteApi("/policies/$rev");

/** One revision: what it changed, what that would have done, and the way back. */
export default function Page() {
  const { rev } = route.useParams();
  const { workload, against } = route.useSearch();
  const query = useQuery(revisionsQuery);
  return (
    <Loaded query={query} height={480}>
      {({ items }) => {
        const revision = items.find((row) => row.revision === rev && (!workload || row.workload === workload));
        const line = items.filter((row) => row.workload === revision?.workload);
        return revision ? (
          <Body revision={revision} line={line} against={against} />
        ) : (
          <Unknown title={`No revision is called ${rev}`} sub="It is not among the stored revisions." to="/policies" all="All revisions" />
        );
      }}
    </Loaded>
  );
}

function Body({ revision, line, against }: { revision: Revision; line: Revision[]; against: string | undefined }) {
  const navigate = route.useNavigate();
  const [reverting, setReverting] = useState(false);
  const head = line[0];
  const isHead = head?.revision === revision.revision;
  const other = line.find((row) => row.revision === (against ?? revision.parent));
  const other_ = other?.revision;
  return (
    <>
      <PageHead
        title={`${revision.revision} of ${revision.workload}`}
        state={isHead ? <Pill tone="ok">Routes now</Pill> : <Pill tone="plain">Replaced</Pill>}
        sub={
          <>
            Made <Ago at={revision.at} words /> by <By author={revision.author} />. {sentence(revision.reason)}.
          </>
        }
      >
        <Link to="/workloads/$id" params={{ id: revision.workload }} className="btn">
          See {revision.workload}
        </Link>
        {isHead || !head ? null : (
          <button type="button" className="btn primary" onClick={() => setReverting(true)}>
            Revert to this…
          </button>
        )}
      </PageHead>
      <div className="stack">
        <Card
          title="What it changed"
          question={other ? `Against ${other.revision}.` : "The first revision; nothing came before it."}
          tools={
            line.length > 1 ? (
              <select
                data-filter
                aria-label="Compare with"
                value={other_ ?? ""}
                onChange={(event) =>
                  void navigate({
                    search: (before) => ({ ...before, workload: revision.workload, against: event.target.value }),
                    replace: true,
                  })
                }
              >
                {line
                  .filter((row) => row.revision !== revision.revision)
                  .map((row) => (
                    <option key={row.revision}>{row.revision}</option>
                  ))}
              </select>
            ) : null
          }
        >
          <ul className="plainlist" aria-label="Changes" style={{ marginBottom: 12 }}>
            {sentences(other, revision).map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
          <SideBySide
            label="Stages"
            titles={[other?.revision ?? "nothing", revision.revision]}
            lines={align(other?.stages.map(stageText) ?? [], revision.stages.map(stageText))}
          />
          <SideBySide
            label="Admitted deployments"
            titles={["Admitted before", "Admitted now"]}
            lines={align(other?.admitted ?? [], revision.admitted)}
          />
        </Card>
        <ReplayCard workload={revision.workload} revision={revision.revision} against={other_} />
      </div>
      {reverting && head ? (
        <Confirm
          title={`Revert ${revision.workload} to ${revision.revision}?`}
          act="Revert"
          onClose={() => setReverting(false)}
          etag={head.revision}
          run={(reason, read) =>
            post("/workloads/{id}/policies/revert", { revision: revision.revision, reason }, { id: revision.workload, read })
          }
          onDone={(made) => void navigate({ to: "/policies/$rev", params: { rev: made.revision }, search: { workload: made.workload } })}
        >
          A new revision will admit what {revision.revision} admitted, with {revision.admitted[0]} as the stable deployment. It takes the
          place of {head.revision} at once.
        </Confirm>
      ) : null}
    </>
  );
}
