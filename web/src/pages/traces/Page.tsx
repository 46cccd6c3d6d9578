import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Trace } from "../../api/types";
import { type Phase, Waterfall } from "../../charts/Waterfall";
import { count, ms, NONE, usd } from "../../lib/format";
import { absolute } from "../../lib/time";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Unknown } from "../../ui/Unknown";
import { StatusPill } from "../words";
import { Acts } from "./Acts";
import { CostCard } from "./CostCard";
import { DecisionCard } from "./DecisionCard";
import { Payloads } from "./Payloads";
import { traceQuery } from "./queries";
import { Scores } from "./Scores";
import { WhatIf } from "./WhatIf";

const route = getRouteApi("/traces/$span");

/** What happened to this request, and why it went where it went. */
export default function Page() {
  const { span } = route.useParams();
  const query = useQuery(traceQuery(span));
  return (
    <Loaded
      query={query}
      height={640}
      head={
        <Unknown title="Trace" to="/traces" all="All traces" sub="What was recorded is kept until the retention of the store removes it." />
      }
    >
      {(trace) => (
        <>
          <Head trace={trace} />
          {trace.error ? (
            <div className="banner bad">
              <span className="bad" aria-hidden="true">
                ✕
              </span>
              <p>{trace.error}</p>
            </div>
          ) : null}
          <div className="grid">
            <Card title="Time" question={`Where did the ${ms(trace.latency_ms)} go? Phases and attempts on one scale.`}>
              <Waterfall phases={phases(trace)} total_ms={trace.latency_ms} />
            </Card>
            <DecisionCard trace={trace} />
            <WhatIf trace={trace} />
            <Scores trace={trace} />
            <Payloads trace={trace} />
          </div>
          <div className="grid even">
            <CostCard trace={trace} />
            <Facts trace={trace} />
          </div>
        </>
      )}
    </Loaded>
  );
}

/** Reading and routing, one bar per attempt, and for a stream the wait for its first token and the rest. */
export function phases(trace: Pick<Trace, "attempts" | "ttft_ms" | "latency_ms">): Phase[] {
  const first = trace.attempts[0];
  const routed = (first?.started_us ?? 0) / 1000;
  const routing: Phase = {
    key: "routing",
    label: "read and routed",
    start_ms: 0,
    length_ms: routed,
    note: "before the first call",
    tone: "plain",
  };
  const attempts: Phase[] = trace.attempts.map((attempt, i) => ({
    key: `${i}`,
    label: attempt.deployment,
    start_ms: attempt.started_us / 1000,
    length_ms: attempt.latency_us / 1000,
    note: noted(attempt),
    tone: attempt.error ? "bad" : "ok",
  }));
  const out = first ? [routing, ...attempts] : attempts;
  if (trace.ttft_ms === null) return out;
  const rest = Math.max(0, trace.latency_ms - trace.ttft_ms);
  return [
    ...out,
    { key: "ttft", label: "to first token", start_ms: 0, length_ms: trace.ttft_ms, note: "what a reader waits for", tone: "plain" },
    { key: "stream", label: "streaming", start_ms: trace.ttft_ms, length_ms: rest, note: "first token to last", tone: "plain" },
  ];
}

/** How a call ended, and why it was made before its turn. */
function noted({ error, status, away_from }: Trace["attempts"][number]): string {
  const ended = error ?? (status === null ? "no status" : `status ${status}`);
  return away_from === null ? ended : `${ended}, before its turn: ${away_from} was silent`;
}

function Head({ trace }: { trace: Trace }) {
  return (
    <PageHead
      title={trace.workload}
      state={<StatusPill status={trace.status} code={trace.code} />}
      sub={
        <>
          <code>{trace.span_id}</code>, <Ago at={trace.started_at} words />. Served by <code>{trace.deployment ?? "nobody"}</code> in{" "}
          {ms(trace.latency_ms)} for {trace.cost_usd === null ? "an unknown price" : usd(trace.cost_usd)}.
        </>
      }
    >
      <Acts trace={trace} />
      <Link to="/traces" search={{ workload: trace.workload }} className="btn">
        More of {trace.workload}
      </Link>
      {trace.canary ? (
        <Link to="/canaries/$id" params={{ id: trace.canary }} className="btn">
          Its canary
        </Link>
      ) : null}
    </PageHead>
  );
}

function Facts({ trace }: { trace: Trace }) {
  const { usage } = trace;
  const extra = [
    usage.cached_input ? `${count(usage.cached_input)} from cache` : "",
    usage.reasoning ? `${count(usage.reasoning)} reasoning` : "",
    usage.estimated ? "estimated" : "",
  ];
  const tags = typeof trace.tags === "string" ? trace.tags : JSON.stringify(trace.tags);
  const rows: [string, string][] = [
    ["Started", absolute(trace.started_at)],
    ["Model asked for", trace.model_asked],
    ["Tokens", [`${count(usage.input)} in, ${count(usage.output)} out`, ...extra.filter(Boolean)].join(", ")],
    ["Finish", trace.finish_reason ?? NONE],
    ["Streamed", trace.stream ? "yes" : "no"],
    ["Origin", trace.origin],
    ["Session", trace.session ?? NONE],
    ["Tenant", trace.tenant],
    ["Trace id", trace.trace_id],
    ["Tags", tags && tags !== "{}" && tags !== "null" ? tags : NONE],
  ];
  return (
    <Card title="Details">
      <dl className="facts">
        {rows.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
