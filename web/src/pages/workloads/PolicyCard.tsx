import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Author, Stage, Workload } from "../../api/types";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { policiesQuery } from "./queries";
import { Scroll } from "../../ui/Scroll";

const SAYS: Record<string, string> = {
  filter: "keep those that are admitted, healthy and able to serve the request",
  canary: "send the canary's share to its candidate, and an equal share to the control",
  floor: "drop those whose lower bound misses the floor; the stable one stays",
  cost: "cheapest first",
  weighted: "draw by weight",
  tie_break: "settle equals by load",
};

const name = (stage: Stage | string) => (typeof stage === "string" ? stage : stage.stage);

function By({ author }: { author: Author }) {
  if (author.kind === "config") return <>the configuration</>;
  if (author.kind === "operator") return <>{author.name}</>;
  return (
    <Link to="/canaries/$id" params={{ id: author.id }}>
      a promoted canary
    </Link>
  );
}

/** The policy in force, stage by stage in words, and the revisions before it. */
export function PolicyCard({ workload }: { workload: Workload }) {
  const query = useQuery(policiesQuery(workload.id));
  const { policy } = workload;
  return (
    <Card
      title="Policy"
      question={
        <>
          What will the router do? Revision <code>{policy.revision}</code>, made <Ago at={policy.at} words /> by{" "}
          <By author={policy.author} />.
        </>
      }
    >
      <ol style={{ margin: "0 0 12px", paddingLeft: 20 }}>
        {policy.stages.map((stage) => (
          <li key={name(stage)}>
            <code>{name(stage)}</code> <span className="muted">{SAYS[name(stage)] ?? ""}</span>
            {typeof stage === "object" && stage.weights ? (
              <span className="muted">
                {": "}
                {Object.entries(stage.weights)
                  .map(([id, weight]) => `${id} ${weight}`)
                  .join(", ")}
              </span>
            ) : null}
          </li>
        ))}
      </ol>
      <h2>Revisions</h2>
      <Loaded query={query} height={100}>
        {({ items }) => (
          <Scroll label="Policy revisions">
            <table aria-label="Policy revisions">
              <tbody>
                {items.slice(0, 6).map((revision) => (
                  <tr key={revision.revision}>
                    <th scope="row" className="mono">
                      {revision.revision}
                    </th>
                    <td className="muted nowrap">
                      <Ago at={revision.at} />
                    </td>
                    <td>{revision.reason}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Loaded>
    </Card>
  );
}
