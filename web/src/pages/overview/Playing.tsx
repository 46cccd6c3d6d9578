import { useMutationState } from "@tanstack/react-query";
import { DEMO } from "./Checklist";

/** As long as the play takes, and a little more for its last decision to be seen. */
const PLAY_MS = 110_000;

/** What to look at while the demo plays: it registers datasets, which ends the checklist that it was started from. */
export function Playing({ now }: { now: number }) {
  const begun = useMutationState({ filters: { mutationKey: DEMO, status: "success" }, select: ({ state }) => state.submittedAt });
  if (!begun.some((at) => now - at < PLAY_MS)) return null;
  return (
    <div className="banner ok" role="status">
      <span className="ok" aria-hidden="true">
        ◐
      </span>
      <p>
        <strong>The demo is playing.</strong> In about 90 seconds cheaper deployments earn the traffic of three workloads, and one that is
        not good enough is rolled back. Each decision comes under What changed and leads to its canary.
      </p>
    </div>
  );
}
