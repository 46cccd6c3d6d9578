import { Link } from "@tanstack/react-router";
import type { Label } from "../../api/types";
import { difference, grade } from "../../lib/format";
import { Pill } from "../../ui/Pill";

/** A judge and a person agree when both pass an answer or both fail it. */
export const agrees = (label: Label) => label.value >= 0.5 === label.judge >= 0.5;

/** The last label, now beside what the judge said. */
export function Receipt({ label }: { label: Label }) {
  return (
    <p className="row" data-receipt>
      <Pill tone={agrees(label) ? "ok" : "warn"} glyph={agrees(label) ? "✓" : "≠"}>
        {agrees(label) ? "agreed" : "differed"}
      </Pill>
      <span className="grow">
        You said {grade(label.value)}, {label.scorer} had said {grade(label.judge)}, a difference of {difference(label.judge - label.value)}
        .{" "}
        <Link to="/traces/$span" params={{ span: label.span_id }}>
          The request
        </Link>
      </span>
    </p>
  );
}
