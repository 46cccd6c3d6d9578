import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import { Dialog } from "../../ui/Dialog";
import { Failed } from "../../ui/Loaded";
import { NameField } from "../datasets/NameField";

interface Props {
  input: string;
  expected: string;
  workload: string;
  onClose: () => void;
}

/** Keeps a question and its expected answer as an item: in the draft of a dataset that is there, or of a new one. */
export function SaveItem({ input, expected, workload, onClose }: Props) {
  const client = useQueryClient();
  const [name, setName] = useState(`${workload}-items`);
  const [question, setQuestion] = useState(input);
  const [answer, setAnswer] = useState(expected);
  const save = useMutation({
    mutationFn: () => {
      const item = { input: question, ...(answer.trim() ? { expected: answer.trim() } : {}), ...(workload ? { workload } : {}) };
      return post("/datasets/{name}/items", { items: [item] }, { id: name.trim() });
    },
    onSuccess: () =>
      Promise.all([client.invalidateQueries({ queryKey: ["datasets"] }), client.invalidateQueries({ queryKey: ["dataset"] })]),
  });
  return (
    <Dialog title="Save as an item" onClose={onClose} wide>
      {save.data ? (
        <div className="stack">
          <p role="status">
            <span className="ok">✓</span> Saved in the draft of{" "}
            <Link to="/datasets/$name" params={{ name: name.trim() }}>
              {name.trim()}
            </Link>
            ; publish it there.
          </p>
          <div className="row">
            <button type="button" className="btn primary" onClick={onClose}>
              Close
            </button>
          </div>
        </div>
      ) : (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate();
          }}
        >
          <label className="field">
            <span>Question</span>
            <textarea rows={3} value={question} onChange={(event) => setQuestion(event.target.value)} required />
          </label>
          <label className="field">
            <span>Expected answer, may be empty</span>
            <textarea rows={2} value={answer} onChange={(event) => setAnswer(event.target.value)} autoFocus />
          </label>
          <NameField name={name} onName={setName} />
          {save.error ? <Failed error={save.error} /> : null}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <button type="button" className="btn" onClick={onClose}>
              Cancel
            </button>
            <button className="btn primary" disabled={save.isPending}>
              Save
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
