import { Link } from "@tanstack/react-router";
import type { Deployment } from "../../api/types";
import { compact, count, ms, percent, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { KeyTest } from "./KeyTest";
import { standing } from "./state";

const can = ({ capabilities: c }: Deployment) =>
  [c.tools ? "tools" : "", c.vision ? "vision" : "", c.json_schema ? "JSON schema" : ""].filter(Boolean).join(", ") || "text only";

/** Everything about one deployment, and a live test of its key. */
export function Detail({ row, onClose }: { row: Deployment; onClose: () => void }) {
  const { health, price } = row;
  return (
    <Card
      title={<code>{row.id}</code>}
      question={standing(row)[3]}
      tools={
        <button type="button" className="btn quiet" onClick={onClose}>
          Close
        </button>
      }
    >
      <div className="grid even" style={{ marginBottom: 0 }}>
        <dl className="facts">
          <dt>Provider and model</dt>
          <dd>
            {row.provider}, <code>{row.model}</code>
          </dd>
          <dt>Speaks</dt>
          <dd>{row.dialect}</dd>
          <dt>Can</dt>
          <dd>
            {can(row)}; {compact(row.capabilities.context_tokens)} tokens of context
          </dd>
          <dt>Price</dt>
          <dd>
            {price
              ? `${usd(price.input_usd)} in, ${usd(price.output_usd)} out${price.cached_input_usd === null ? "" : `, ${usd(price.cached_input_usd)} cached`} per million tokens, from ${price.version}`
              : "unknown: it is never taken for free"}
          </dd>
          <dt>Now</dt>
          <dd>
            {count(health.in_flight)} in flight, {percent(health.error_rate)} of recent calls failed, {count(health.failures)} in a row;
            usually {ms(health.latency_ms)}
          </dd>
          <dt>Headroom</dt>
          <dd>
            {health.exhausted
              ? "none: the provider's rate limit is reached"
              : "the provider's rate limit is not reached, as far as it says"}
          </dd>
          <dt>Serves</dt>
          <dd>
            {row.workloads.length === 0 ? "no workload lists it" : null}
            {row.workloads.map((id, i) => (
              <span key={id}>
                {i > 0 ? ", " : ""}
                <Link to="/workloads/$id" params={{ id }}>
                  {id}
                </Link>
                {row.suspect_in.includes(id) ? <span className="warn"> (quarantined)</span> : null}
              </span>
            ))}
          </dd>
          <dt>Requests</dt>
          <dd>
            <Link to="/traces" search={{ deployment: row.id }}>
              See its requests
            </Link>
          </dd>
        </dl>
        <KeyTest key={row.id} row={row} />
      </div>
    </Card>
  );
}
