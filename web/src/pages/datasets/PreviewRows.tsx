import type { Preview } from "../../api/types";
import css from "./rows.module.css";
import { itemText } from "./mapping";

/** The first lines as they would be imported. */
export function PreviewRows({ rows }: { rows: Preview["rows"] }) {
  return (
    <div className={css.box} tabIndex={0} role="group" aria-label="First lines of the file">
      <table aria-label="Preview">
        <thead>
          <tr>
            <th scope="col" className="n tight">
              Line
            </th>
            <th scope="col">Input</th>
            <th scope="col">Expected</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const { input, expected } = row.item ? itemText(row.item) : { input: "", expected: "" };
            return (
              <tr key={row.line}>
                <td className="n muted tight">{row.line}</td>
                {row.item ? (
                  <>
                    <td className={css.cut}>{input}</td>
                    <td className={css.cut}>{expected || <span className="muted">none</span>}</td>
                  </>
                ) : (
                  <td colSpan={2} className="bad">
                    ✕ {row.error ?? "cannot be read"}
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
