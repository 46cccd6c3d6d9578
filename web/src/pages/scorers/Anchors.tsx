import { useMutation, useQueryClient } from "@tanstack/react-query";
import { post } from "../../api/client";
import type { Anchors as Set } from "../../api/types";
import { count, difference, percent, plural } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Failed } from "../../ui/Loaded";
import { Pill } from "../../ui/Pill";
import { type Column, Table } from "../../ui/Table";

type Round = Set["runs"][number];
/** Labels without which there can be no anchors. */
const LEAST = 10;

const columns: Column<Round>[] = [
  { key: "at", title: "Round", head: true, cell: (round) => <Ago at={round.at} words />, value: (round) => round.at },
  {
    key: "version",
    title: "Version",
    wide: true,
    cell: (round) => <code className="muted">{round.version}</code>,
    value: (round) => round.version,
  },
  { key: "graded", title: "Graded", numeric: true, cell: (round) => count(round.graded), value: (round) => round.graded },
  {
    key: "error",
    title: "Judge − people",
    numeric: true,
    cell: (round) => difference(round.mean_error),
    value: (round) => round.mean_error ?? null,
  },
  {
    key: "shift",
    title: "Since the first",
    numeric: true,
    cell: (round) => difference(round.shift?.value),
    value: (round) => round.shift?.value ?? null,
  },
  { key: "flips", title: "Flipped", numeric: true, cell: (round) => percent(round.flip_rate), value: (round) => round.flip_rate ?? null },
  {
    key: "drifted",
    title: "Drift",
    cell: (round) => (round.drifted ? <Pill tone="bad">drifted</Pill> : <Pill tone="ok">steady</Pill>),
    value: (round) => (round.drifted ? "drifted" : "steady"),
  },
];

/** Labelled answers that the judge grades again and again, to notice when it no longer says what it said. */
export function Anchors({ name, anchors, labels }: { name: string; anchors: Set | null; labels: number }) {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: () =>
      anchors ? post("/scorers/{name}/anchors/run", undefined, { id: name }) : post("/scorers/{name}/anchors", {}, { id: name }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["calibration"] }),
  });
  return (
    <Card
      title="Anchors"
      question={
        anchors
          ? `Does it still say what it said? ${plural(anchors.anchors, "answer")}, graded again every ${anchors.every_hours} h.`
          : "Does it still say what it said? Labelled answers are graded again every day; a drift freezes what it steers."
      }
      tools={
        labels >= LEAST ? (
          <button type="button" className="btn" disabled={act.isPending} onClick={() => act.mutate()}>
            {anchors ? "Grade them now" : "Keep the labelled answers as anchors"}
          </button>
        ) : null
      }
    >
      {act.error ? <Failed error={act.error} /> : null}
      {anchors && anchors.runs.length > 0 ? (
        <Table label="Rounds of anchors" columns={columns} rows={anchors.runs} rowKey={(round) => `${round.at}/${round.version}`} />
      ) : (
        <p className="muted">
          {anchors
            ? "The first round is on its way."
            : labels < LEAST
              ? `${plural(LEAST - labels, "more label")} and there can be anchors.`
              : "None are kept."}
        </p>
      )}
    </Card>
  );
}
