import { useState } from "react";
import { copy } from "../lib/copy";

/** A block of text with a button that copies it. */
export function Copy({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  const onClick = async () => {
    setDone(await copy(text));
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <div className="stack">
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <div className="row">
        <button type="button" className="btn" onClick={() => void onClick()}>
          {done ? "Copied" : "Copy"}
        </button>
      </div>
    </div>
  );
}
