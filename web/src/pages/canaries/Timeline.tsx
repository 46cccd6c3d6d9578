import type { CanaryEvent } from "../../api/types";
import { count, difference } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { CanaryPill } from "../words";
import { Scroll } from "../../ui/Scroll";

/** Every transition, who made it, why, and the numbers at that moment. */
export function Timeline({ events }: { events: CanaryEvent[] }) {
  const newest = [...events].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <Card title="Timeline" question="Why did it move? Kept for good, with the numbers that decided.">
      <Scroll label="Timeline">
        <table aria-label="Timeline">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">State</th>
              <th scope="col">Why</th>
              <th scope="col" className="n wide">
                Pairs
              </th>
              <th scope="col" className="n wide">
                Difference
              </th>
              <th scope="col" className="n wide">
                Band
              </th>
              <th scope="col" className="wide">
                By
              </th>
            </tr>
          </thead>
          <tbody>
            {newest.map((event) => (
              <tr key={`${event.at}/${event.state}/${event.step}`}>
                <td className="muted nowrap">
                  <Ago at={event.at} />
                </td>
                <td>
                  <CanaryPill state={event.state} />
                </td>
                <td>{event.reason}</td>
                <td className="n wide">{count(event.evidence.pairs)}</td>
                <td className="n wide">{event.evidence.pairs > 0 ? difference(event.evidence.delta) : "–"}</td>
                <td className="n wide muted">
                  {event.evidence.pairs > 0 ? `${difference(event.evidence.lower)} to ${difference(event.evidence.upper)}` : "–"}
                </td>
                <td className="muted wide">{event.actor}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {newest.length === 0 ? <p className="muted">No transitions yet.</p> : null}
    </Card>
  );
}
