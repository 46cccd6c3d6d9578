import { Link } from "@tanstack/react-router";
import type { ControlEvent } from "../../api/types";
import { gist } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { EventPill } from "../words";
import { Scroll } from "../../ui/Scroll";

/** The log of decisions. Each leads to the canary or the workload it is about. */
export function Changed({ events }: { events: ControlEvent[] }) {
  if (events.length === 0) return <p className="muted">Nothing yet. A promoted canary or a new policy revision will be listed here.</p>;
  return (
    <Scroll label="What changed">
      <table aria-label="What changed">
        <tbody>
          {events.map((event) => (
            <tr key={`${event.at}/${event.kind}/${event.text}`}>
              <td className="muted tight">
                <Ago at={event.at} />
              </td>
              <td className="tight">
                <EventPill kind={event.kind} />
              </td>
              <td>
                <span className="clamp" title={event.text}>
                  {event.canary ? (
                    <Link to="/canaries/$id" params={{ id: event.canary }} data-row>
                      {event.workload}
                    </Link>
                  ) : (
                    <Link to="/workloads/$id" params={{ id: event.workload }} data-row>
                      {event.workload}
                    </Link>
                  )}{" "}
                  {gist(event.text)}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
