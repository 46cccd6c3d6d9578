import { useQuery } from "@tanstack/react-query";
import type { TraceFacets } from "../../api/types";
import { brushed, type Stretch } from "../../charts/brush";
import { Histogram } from "../../charts/Histogram";
import { count } from "../../lib/format";
import { axisTime, hourMinute, type Range, RANGES, rangeName, span } from "../../lib/time";
import { zoneName } from "../../lib/zone";
import { Skeleton } from "../../ui/Loaded";
import type { Filter } from "./filter";
import css from "./Over.module.css";
import { facetsQuery } from "./queries";

interface Props {
  filter: Filter;
  range: Range;
  set: (change: Record<string, string | undefined>) => void;
}
/** The colours of the bars, repeated where they are named. */
const TONES: Record<string, string> = { ok: "--s1", cancelled: "--s0", failed: "--bad" };
const FACETS = ["status", "workload", "deployment", "origin"] as const;

/** Requests over time, to choose a stretch from, and how many of each kind are in it. */
export function Over({ filter, range, set }: Props) {
  const query = useQuery(facetsQuery(filter, range));
  if (!query.data) return query.error ? null : <Skeleton height={150} />;
  const facets = query.data;
  const start = Date.parse(facets.start) / 1000;
  const all = sum(facets.ok) + sum(facets.failed) + sum(facets.cancelled);
  const chosen: [number, number] | null = filter.since && filter.until ? [Number(filter.since), Number(filter.until)] : null;
  const choose = (stretch: Stretch | null) =>
    set({
      since: stretch ? String(Math.round(stretch[0])) : undefined,
      until: stretch ? String(Math.round(stretch[1])) : undefined,
    });
  const said = `${count(all)} requests in the last ${rangeName(range)}, ${count(sum(facets.failed))} of them failed; a bar is ${span(facets.step_s)}`;
  return (
    <section className={`card ${css.over}`} aria-label="Requests over time">
      <p className="q muted small">
        {said}.{" "}
        {chosen
          ? `Only ${clock(chosen[0])} to ${clock(chosen[1])} ${zoneName()}. `
          : all > 0
            ? "Drag over the bars, or use the arrow keys on them, to choose a stretch. "
            : ""}
        {chosen ? (
          <button type="button" className="btn quiet" onClick={() => set({ since: undefined, until: undefined })}>
            Show all of it
          </button>
        ) : null}
      </p>
      <div
        role="group"
        tabIndex={0}
        aria-label={`${said}. Arrow keys choose a stretch, with Shift a longer one; Escape lets go.`}
        onKeyDown={(event) => {
          const bars = { start, step: facets.step_s, count: facets.ok.length };
          const next = brushed(chosen, event.key, event.shiftKey, bars);
          if (next === undefined) return;
          event.preventDefault();
          choose(next);
        }}
      >
        <Histogram
          start={start}
          step={facets.step_s}
          layers={[
            { label: "ok", variable: "--s1", values: facets.ok },
            { label: "cancelled", variable: "--s0", values: facets.cancelled },
            { label: "failed", variable: "--bad", values: facets.failed },
          ]}
          chosen={chosen}
          onChoose={choose}
          time={(seconds) => axisTime(seconds, RANGES[range])}
        />
      </div>
      <div className={css.facets}>
        {FACETS.map((name) => (
          <Values key={name} name={name} facets={facets} chosen={filter[name]} set={set} />
        ))}
      </div>
    </section>
  );
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const clock = (seconds: number) => hourMinute(new Date(seconds * 1000).toISOString());

interface ValuesProps {
  name: (typeof FACETS)[number];
  facets: TraceFacets;
  chosen: string | undefined;
  set: Props["set"];
}

function Values({ name, facets, chosen, set }: ValuesProps) {
  const values = facets[name];
  if (values.length < 2 && !chosen) return null;
  return (
    <div role="group" aria-label={`By ${name}`} className={css.values}>
      {values.slice(0, 6).map(({ value, n }) => (
        <button
          key={value}
          type="button"
          className="btn"
          aria-pressed={chosen === value}
          onClick={() => set({ [name]: chosen === value ? undefined : value })}
        >
          {name === "status" && value in TONES ? <i className={css.swatch} style={{ background: `var(${TONES[value]})` }} /> : null}
          {value} <span className="muted">{count(n)}</span>
        </button>
      ))}
    </div>
  );
}
