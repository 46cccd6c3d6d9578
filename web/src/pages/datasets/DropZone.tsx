import { useRef, useState } from "react";
import css from "./DropZone.module.css";

const SAMPLE = `input,expected
"What is 2 + 2?",4
"What is the capital of France?",Paris
"Name the largest planet.",Jupiter
`;

/** Takes one file, dropped or chosen. */
export function DropZone({ onFile, into }: { onFile: (file: File) => void; into: string | undefined }) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const onDrop = (event: React.DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) onFile(file);
  };
  return (
    <section
      className={`${css.zone} ${over ? css.over : ""}`}
      aria-label="Import a dataset"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <p>
        <strong>Drop a CSV, JSONL, JSON or promptfoo file here{into ? ` for ${into}` : ""}</strong>
      </p>
      <p className="muted small">Columns are matched in the next step. Nothing is imported before you say so.</p>
      <div className="row">
        <button type="button" className="btn primary" onClick={() => input.current?.click()}>
          Choose a file…
        </button>
        <button type="button" className="btn" onClick={() => onFile(new File([SAMPLE], "sample.csv", { type: "text/csv" }))}>
          Try the sample
        </button>
      </div>
      <input
        ref={input}
        type="file"
        className="hidden"
        tabIndex={-1}
        aria-label="Dataset file"
        accept=".csv,.tsv,.jsonl,.ndjson,.json,.yaml,.yml,text/csv,application/json"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) onFile(file);
        }}
      />
    </section>
  );
}
