import { useQuery } from "@tanstack/react-query";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { WorkloadFrontier } from "../workloads/WorkloadFrontier";
import { workloadQuery } from "./queries";

interface Props {
  chosen: string | undefined;
  workloads: string[];
  choose: (id: string) => void;
}

/** Quality against cost of one workload, chosen in place. */
export function FrontierCard({ chosen, workloads, choose }: Props) {
  const query = useQuery(workloadQuery(chosen));
  const tools =
    workloads.length > 1 ? (
      <select aria-label="Workload of the frontier" value={chosen} onChange={(event) => choose(event.target.value)}>
        {workloads.map((id) => (
          <option key={id}>{id}</option>
        ))}
      </select>
    ) : null;
  if (chosen === undefined) {
    return (
      <Card title="Quality against cost" question="Are we on the frontier?">
        <p className="muted">The frontier draws itself once a workload has scores.</p>
      </Card>
    );
  }
  if (query.data) return <WorkloadFrontier workload={query.data} tools={tools} />;
  return (
    <Card title="Quality against cost" question="Are we on the frontier?" tools={tools}>
      <Loaded query={query} height={320}>
        {() => null}
      </Loaded>
    </Card>
  );
}
