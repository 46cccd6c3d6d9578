import { FIELDS } from "./mapping";

const SAYS: Record<string, string> = { input: "What is asked (needed)", expected: "Expected answer", id: "Id, else by content" };

interface Props {
  columns: string[];
  mapping: Record<string, string>;
  onChange: (mapping: Record<string, string>) => void;
}

/** One choice per field: which column of the file fills it. */
export function Mapper({ columns, mapping, onChange }: Props) {
  const fields = [...new Set([...FIELDS, ...Object.keys(mapping)])];
  if (columns.length === 0) return null;
  return (
    <div className="row">
      {fields.map((field) => (
        <label className="field" key={field}>
          <span>{SAYS[field] ?? field}</span>
          <select value={mapping[field] ?? ""} onChange={(event) => onChange({ ...mapping, [field]: event.target.value })}>
            <option value="">no column</option>
            {[...new Set([...columns, ...(mapping[field] ? [mapping[field]] : [])])].map((column) => (
              <option key={column}>{column}</option>
            ))}
          </select>
        </label>
      ))}
    </div>
  );
}
