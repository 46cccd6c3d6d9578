import type { ItemView } from "../../api/types";
import { cut, VirtualRows } from "../../ui/VirtualRows";
import css from "./ItemRows.module.css";
import { itemText } from "./mapping";

interface Props {
  rows: ItemView[];
  open: string | undefined;
  onOpen: (id: string) => void;
  more: (() => void) | undefined;
}
const rowKey = (row: ItemView) => row.id;

/** A dataset's items, however many; one of them may be open. */
export function ItemRows({ rows, open, onOpen, more }: Props) {
  return (
    <VirtualRows
      label="Items"
      rows={rows}
      rowKey={rowKey}
      height="min(460px, 60vh)"
      fit
      more={more}
      header={
        <div className={css.row}>
          <span className="wide">Id</span>
          <span>Input</span>
          <span>Expected</span>
          <span className="wide">Split</span>
        </div>
      }
    >
      {(row) => (
        <button type="button" className={css.row} data-row aria-expanded={row.id === open} onClick={() => onOpen(row.id)}>
          <Cells row={row} />
        </button>
      )}
    </VirtualRows>
  );
}

function Cells({ row }: { row: ItemView }) {
  const { input, expected } = row.item ? itemText(row.item) : { input: "", expected: "" };
  return (
    <>
      <span className={`${cut} mono muted wide`}>{row.id}</span>
      <span className={cut}>
        {row.item ? input : <span className="muted">{row.purged ? "purged: its content was destroyed" : "held out"}</span>}
      </span>
      <span className={cut}>{expected || <span className="muted">none</span>}</span>
      <span className={`${cut} muted wide`}>{row.split ?? "–"}</span>
    </>
  );
}
