import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { isStale } from "../../api/client";
import { Dialog } from "../../ui/Dialog";
import { Failed } from "../../ui/Loaded";
import { StaleNote } from "../StaleNote";

interface Props<T> {
  title: string;
  act: string;
  danger?: boolean;
  /** What happens, in words. */
  children: ReactNode;
  /** The tag of what it is about, as shown now. */
  etag: string;
  /** `read` is the tag of what was shown when this was asked for. */
  run: (reason: string, read: string) => Promise<T>;
  onClose: () => void;
  onDone?: (result: T) => void;
  /** Asks for no reason. */
  plain?: boolean;
  /** It was refused. */
  onRefused?: (error: Error) => void;
  /** What a refusal asks for besides. */
  more?: ReactNode;
  /** Something that was asked for is missing. */
  missing?: boolean;
}

/** Asks before something is done, and for the reason, which is kept with it. */
export function Confirm<T>(props: Props<T>) {
  const { title, act, danger = false, children, etag, run, onClose, onDone, plain = false, onRefused, more, missing = false } = props;
  const [reason, setReason] = useState("");
  const [opened] = useState(etag);
  const client = useQueryClient();
  const mutation = useMutation({
    mutationFn: (read: string) => run(reason.trim(), read),
    onError: (error) => {
      onRefused?.(error);
      return isStale(error) ? client.invalidateQueries() : undefined;
    },
    onSuccess: (result) => {
      onClose();
      onDone?.(result);
      return client.invalidateQueries();
    },
  });
  const ready = (plain || reason.trim() !== "") && !missing && !mutation.isPending;
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) mutation.mutate(isStale(mutation.error) ? etag : opened);
        }}
      >
        <p>{children}</p>
        {plain ? null : (
          <label className="field">
            <span>Reason, kept with the decision</span>
            <textarea rows={2} value={reason} onChange={(event) => setReason(event.target.value)} autoFocus required />
          </label>
        )}
        {mutation.error ? <Failed error={mutation.error} /> : null}
        <StaleNote error={mutation.error} />
        {more}
        <div className="row" style={{ justifyContent: "flex-end" }}>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button className={danger ? "btn danger" : "btn primary"} disabled={!ready}>
            {act}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
