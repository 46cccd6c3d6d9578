import { Scroll } from "../../ui/Scroll";
import type { Line } from "./diff";
import css from "./SideBySide.module.css";

/** Two lists beside each other; what only one of them has is marked by sign and ground. */
export function SideBySide({ label, titles, lines }: { label: string; titles: [string, string]; lines: Line[] }) {
  return (
    <Scroll label={label}>
      <table aria-label={label} className={css.diff}>
        <thead>
          <tr>
            {titles.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line, i) => (
            <tr key={`${i}-${line.before}-${line.after}`}>
              <td className={line.after === null ? css.gone : undefined}>
                {line.before === null ? "" : sign(line.before, line.after === null, "−")}
              </td>
              <td className={line.before === null ? css.come : undefined}>
                {line.after === null ? "" : sign(line.after, line.before === null, "+")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function sign(text: string, changed: boolean, glyph: string) {
  return (
    <>
      <span className={css.sign}>{changed ? glyph : ""}</span>
      <code>{text}</code>
    </>
  );
}
