import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { CanaryDetail, CanaryShare } from "../../api/types";
import { Chart } from "../../charts/Chart";
import { nice } from "../../charts/scale";
import { lastKnown, type Line } from "../../charts/series";
import { TimeSeries } from "../../charts/TimeSeries";
import { percent } from "../../lib/format";
import { hourMinuteSecond, span } from "../../lib/time";
import { Loaded } from "../../ui/Loaded";
import { shareQuery } from "./queries";

const format = (value: number) => percent(value, 0);

/** The share of traffic that each step allows, and what both arms really got. */
export function ShareChart({ canary }: { canary: CanaryDetail }) {
  const query = useQuery(shareQuery(canary.id));
  return (
    <Loaded query={query} height={250}>
      {(share) => <Shares share={share} />}
    </Loaded>
  );
}

function Shares({ share }: { share: CanaryShare }) {
  const drawn = useMemo(() => {
    const start = Date.parse(share.start) / 1000;
    const lines: Line[] = [
      { label: "set", variable: "--s0", values: share.set, dash: [4, 3] },
      { label: "candidate", variable: "--s1", values: share.candidate },
      { label: "stable", variable: "--s2", values: share.control },
    ];
    const top = Math.max(0.02, ...lines.flatMap((line) => line.values.map((value) => value ?? 0)));
    return {
      lines,
      times: share.set.map((_, i) => start + (i + 0.5) * share.step_s),
      range: [0, Math.min(1, nice(0, top)[1])] as [number, number],
    };
  }, [share]);
  const last = (values: (number | null)[]) => percent(lastKnown(values)?.value);
  return (
    <Chart
      title="Share, set and actual"
      question={`Does each arm get what the step allows? Share of requests per arm, per ${share.step_s < 5 ? `${share.step_s}\u202fs` : span(share.step_s)}.`}
      summary={`Latest share of requests: candidate ${last(share.candidate)}, stable arm ${last(share.control)}, set ${last(share.set)}.`}
      height={190}
      empty={drawn.times.length < 2 ? "The lines draw themselves once a few seconds of traffic have passed." : null}
      table={{
        header: ["Time", "Set", "Candidate", "Stable"],
        rows: drawn.times.map((at, i) => [
          hourMinuteSecond(at),
          percent(share.set[i]),
          percent(share.candidate[i]),
          percent(share.control[i]),
        ]),
      }}
    >
      <TimeSeries {...drawn} format={format} height={170} partial labels />
    </Chart>
  );
}
