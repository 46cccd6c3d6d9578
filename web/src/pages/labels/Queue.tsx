import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { LabelTask } from "../../api/types";
import { useKeys } from "../../lib/keys";
import { Card } from "../../ui/Card";
import { Failed, Loaded } from "../../ui/Loaded";
import { Said } from "../../ui/Said";
import { textOf } from "../traces/text";
import css from "./Queue.module.css";
import { Receipt } from "./Receipt";
import { nextQuery } from "./queries";
import { type Labelling, useLabelling } from "./useLabelling";

/** One answer after the other, a key for each grade. */
export function Queue({ scorer }: { scorer: string | undefined }) {
  const query = useQuery(nextQuery(scorer));
  const task = query.data?.task ?? null;
  const [note, setNote] = useState("");
  const labelling = useLabelling(task, note);
  const { choice, choose, undo, skip } = labelling;
  const handIn = () => {
    labelling.handIn(note);
    setNote("");
  };
  const keys = Object.fromEntries((task?.keys ?? []).map((key) => [key.key, () => choose(key)]));
  // A button that has focus takes Enter itself.
  useKeys({ ...keys, s: skip, u: undo, ...(choice ? { Enter: handIn } : {}) });
  return (
    <Card title="Next answer" question={task ? <Asked task={task} /> : "How good is it?"}>
      <div className="stack">
        <Loaded query={query} height={300}>
          {({ task: shown }) =>
            shown ? (
              <Shown task={shown} labelling={labelling} note={note} onNote={setNote} handIn={handIn} />
            ) : (
              <div className="empty">
                <p>
                  <strong>Nothing waits.</strong> New grades of a judge come in by themselves; this page looks every ten seconds. A larger
                  share below asks about more of those that are there.
                </p>
              </div>
            )
          }
        </Loaded>
        {labelling.error ? <Failed error={labelling.error} retry={() => void query.refetch()} /> : null}
        {labelling.last ? <Receipt label={labelling.last} /> : null}
      </div>
    </Card>
  );
}

function Asked({ task }: { task: LabelTask }) {
  return (
    <>
      {task.criteria ?? "How good is the answer?"} An answer of{" "}
      <Link to="/workloads/$id" params={{ id: task.workload }}>
        {task.workload}
      </Link>
      , graded by{" "}
      <Link to="/scorers/$name" params={{ name: task.scorer }}>
        {task.scorer}
      </Link>
      , yours for five minutes.
    </>
  );
}

interface ShownProps {
  task: LabelTask;
  labelling: Labelling;
  note: string;
  onNote: (note: string) => void;
  handIn: () => void;
}

function Shown({ task, labelling, note, onNote, handIn }: ShownProps) {
  const { choice, busy, choose, undo, skip } = labelling;
  return (
    <>
      <div className="stack" data-task={task.task}>
        {task.messages.map((message, i) => (
          <Said key={`${i}`} role={String((message as Record<string, unknown>).role ?? "?")} text={textOf(message)} />
        ))}
        <Said role="answer" text={task.answer || "It is empty."} />
      </div>
      <div className={css.keys} role="group" aria-label="Your grade">
        {task.keys.map((key) => (
          <button
            key={key.key}
            type="button"
            className="btn"
            aria-pressed={choice?.key === key.key}
            disabled={busy}
            onClick={() => choose(key)}
          >
            <kbd>{key.key}</kbd> {key.label}
          </button>
        ))}
        <button type="button" className="btn quiet" disabled={busy || choice !== null} onClick={skip}>
          Skip <kbd>s</kbd>
        </button>
      </div>
      <div className="row" style={{ minHeight: 28 }}>
        <label className="field grow">
          <span className="hidden">Why (may be empty)</span>
          <input
            value={note}
            placeholder="Why (may be empty)"
            autoComplete="off"
            maxLength={4000}
            onChange={(event) => onNote(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && choice) handIn();
            }}
          />
        </label>
        <button type="button" className="btn quiet" disabled={!choice || busy} onClick={undo}>
          Undo <kbd>u</kbd>
        </button>
        <button type="button" className="btn primary" disabled={!choice || busy} onClick={handIn}>
          Hand in <kbd>Enter</kbd>
        </button>
      </div>
      <p className="muted small" role="status">
        {choice
          ? `You say “${choice.label}”. It is handed in by itself in a few seconds.`
          : "Press a key; it can be undone until it is handed in."}
      </p>
    </>
  );
}
