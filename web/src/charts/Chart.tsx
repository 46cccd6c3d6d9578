import { type ReactNode, useId, useState } from "react";

interface Props {
  title: ReactNode;
  question: ReactNode;
  /** One sentence that says what the drawing shows. */
  summary: string;
  table: { header: string[]; rows: (string | number)[][] };
  tools?: ReactNode;
  /** Said instead of the drawing when there is nothing to draw. */
  empty?: ReactNode;
  children: ReactNode;
  height: number;
}

/** The frame of every chart: its question, a sentence for those who cannot see it, and the numbers as a table. */
export function Chart({ title, question, summary, table, tools, empty, children, height }: Props) {
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <header>
        <div>
          <h2 id={id}>{title}</h2>
          <p className="q">{question}</p>
        </div>
        {tools}
        {empty ? null : (
          <button type="button" className="btn quiet" onClick={() => setAsTable(!asTable)}>
            {asTable ? "Chart" : "Table"}
            <span className="hidden"> of {typeof title === "string" ? title : "this chart"}</span>
          </button>
        )}
      </header>
      {empty ? (
        <p className="muted">{empty}</p>
      ) : asTable ? (
        <div className="scroll" tabIndex={0} role="group" aria-label={summary} style={{ maxHeight: height }}>
          <table>
            <thead>
              <tr>
                {table.header.map((name, i) => (
                  <th key={name} scope="col" className={i > 0 ? "n" : undefined}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((row, i) => (
                <tr key={`${i}-${row[0]}`}>
                  {row.map((cell, j) => (
                    <td key={table.header[j]} className={j > 0 ? "n" : undefined}>
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <div role="img" aria-label={summary} style={{ minHeight: height }}>
          {children}
        </div>
      )}
    </section>
  );
}
