import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { post } from "../../api/client";
import { Dialog } from "../../ui/Dialog";
import { Failed } from "../../ui/Loaded";
import { datasetsQuery } from "../shell/queries";

interface Props {
  input: string;
  expected: string;
  workload: string;
  onClose: () => void;
}

/** Keeps a question and its expected answer as the first item of a new dataset. */
export function SaveItem({ input, expected, workload, onClose }: Props) {
  const client = useQueryClient();
  const known = useQuery(datasetsQuery).data?.items.map((row) => row.name) ?? [];
  const [name, setName] = useState(`${workload}-items`);
  const [question, setQuestion] = useState(input);
  const [answer, setAnswer] = useState(expected);
  const taken = known.includes(name.trim());
  const save = useMutation({
    mutationFn: () => {
      const item = JSON.stringify({ input: question, ...(answer.trim() ? { expected: answer.trim() } : {}) });
      return post("/datasets/import", new Blob([`${item}\n`]), { query: { name: name.trim(), workload, file: "item.jsonl" } });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ["datasets"] }),
  });
  return (
    <Dialog title="Save as an item" onClose={onClose} wide>
      {save.data ? (
        <div className="stack">
          <p role="status">
            <span className="ok">✓</span> Saved in{" "}
            <Link to="/datasets/$name" params={{ name: save.data.name }}>
              {save.data.name}
            </Link>
            .
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
            if (!taken) save.mutate();
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
          <label className="field">
            <span>New dataset</span>
            <input value={name} onChange={(event) => setName(event.target.value)} pattern="[A-Za-z0-9][A-Za-z0-9._\-]*" required />
          </label>
          {taken ? (
            <p className="warn small">! {name} is there already, and an import would replace its items. Choose another name.</p>
          ) : null}
          {save.error ? <Failed error={save.error} /> : null}
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <button type="button" className="btn" onClick={onClose}>
              Cancel
            </button>
            <button className="btn primary" disabled={taken || save.isPending}>
              Save
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
