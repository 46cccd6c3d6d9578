import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Author, Workload } from "../../api/types";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PolicyTree } from "./PolicyTree";
import { policiesQuery } from "./queries";
import { Scroll } from "../../ui/Scroll";

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
      <p style={{ marginBottom: 12 }}>
        <strong>In one sentence:</strong> {workload.sentence}
      </p>
      <PolicyTree workload={workload} />
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
