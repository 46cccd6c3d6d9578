import type { ProviderRow } from "../../api/types";
import { compact, ms, uptime } from "../../lib/format";
import { HealthDots } from "../deployments/HealthDots";

/** Which providers answer, how often and how fast. */
export function Providers({ rows }: { rows: ProviderRow[] }) {
  return (
    <>
      <h2 style={{ marginTop: 14 }}>Provider health</h2>
      {rows.length === 0 ? <p className="muted">No provider is configured.</p> : null}
      <table aria-label="Provider health">
        <thead className={rows.length === 0 ? "hidden" : undefined}>
          <tr>
            <th scope="col">Provider</th>
            <th scope="col" className="n">
              Answered
            </th>
            <th scope="col" className="n">
              p50
            </th>
            <th scope="col" className="n">
              Requests
            </th>
            <th scope="col" className="wide">
              Last 60 min
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.provider}>
              <td>{row.provider}</td>
              <td className={`n ${row.success_share !== null && row.success_share < 0.98 ? "bad" : ""}`}>
                {row.success_share !== null && row.success_share < 0.98 ? "! " : ""}
                {uptime(row.success_share)}
              </td>
              <td className="n">{ms(row.p50_ms)}</td>
              <td className="n">{compact(row.requests)}</td>
              <td className="wide">
                <HealthDots id={row.provider} minutes={row.minutes} width={108} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
