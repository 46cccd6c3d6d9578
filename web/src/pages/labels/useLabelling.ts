// One answer's way through the queue: chosen, held for a moment so that it can be taken back, handed in, told.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { post } from "../../api/client";
import type { Label, LabelTask } from "../../api/types";

type Choice = LabelTask["keys"][number];

/** How long a choice may be taken back. It is not in the store before: a label is final, windows have read it. */
export const HOLD_MS = 4_000;

export interface Labelling {
  choice: Choice | null;
  /** The last label that is in, with what the judge said. */
  last: Label | null;
  busy: boolean;
  error: Error | null;
  choose: (choice: Choice) => void;
  undo: () => void;
  handIn: (note: string) => void;
  skip: () => void;
}

export function useLabelling(task: LabelTask | null, note: string): Labelling {
  const client = useQueryClient();
  const [held, setHeld] = useState<{ task: number; choice: Choice; seconds: number } | null>(null);
  const [shown, setShown] = useState({ task: 0, at: 0 });
  const [last, setLast] = useState<Label | null>(null);
  if (task && shown.task !== task.task) setShown({ task: task.task, at: performance.now() });
  const choice = held && held.task === task?.task ? held.choice : null;
  const done = () => {
    setHeld(null);
    void client.invalidateQueries({ queryKey: ["label-next"] });
    void client.invalidateQueries({ queryKey: ["labels"] });
    void client.invalidateQueries({ queryKey: ["calibration"] });
  };
  const submit = useMutation({
    mutationFn: (label: { task: number; value: number; note: string; seconds: number }) => post("/labels", label),
    onSuccess: (label) => {
      setLast(label);
      done();
    },
    onError: () => setHeld(null),
  });
  const leave = useMutation({ mutationFn: (number: number) => post("/labels/skip", { task: number }), onSuccess: done });
  const busy = submit.isPending || leave.isPending;
  const handIn = (why: string) => {
    if (held && choice && !busy) submit.mutate({ task: held.task, value: choice.value, note: why.trim(), seconds: held.seconds });
  };
  const { mutate } = submit;
  useEffect(() => {
    if (!held) return;
    const timer = setTimeout(
      () => mutate({ task: held.task, value: held.choice.value, note: note.trim(), seconds: held.seconds }),
      HOLD_MS,
    );
    return () => clearTimeout(timer);
  }, [held, note, mutate]);
  return {
    choice,
    last,
    busy,
    error: submit.error ?? leave.error,
    choose: (next) => {
      if (!task || busy) return;
      leave.reset();
      submit.reset();
      setHeld({ task: task.task, choice: next, seconds: (performance.now() - shown.at) / 1000 });
    },
    undo: () => setHeld(null),
    handIn,
    skip: () => {
      if (task && !choice && !busy) leave.mutate(task.task);
    },
  };
}
