import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { RunItem, RunRow } from "../../api/types";
import { Card } from "../../ui/Card";
import { Failed, Skeleton } from "../../ui/Loaded";
import { Scroll } from "../../ui/Scroll";
import { itemText } from "../datasets/mapping";
import { Answers } from "./Answers";
import { mean } from "./grades";
import { runItemsQuery } from "./queries";
import { difference, grade } from "../../lib/format";

const route = getRouteApi("/runs/$id");
const ONLY: Record<string, string> = {
  "": "All items",
  regressions: "Regressions",
  improvements: "Improvements",
  errors: "Without an answer",
  unscored: "Without a grade",
};

/** The items, aligned over all who answered; the difference of the second to the first, worst on demand. */
export function ItemList({ run }: { run: RunRow }) {
  const { only, item } = route.useSearch();
  const navigate = route.useNavigate();
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  const query = useInfiniteQuery(runItemsQuery(run.id, only));
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const choices = Object.entries(ONLY).filter(([key]) => run.arms.length > 1 || !key.endsWith("s") || key === "errors");
  return (
    <Card
      title="Items"
      question="Where does it lose? Grades are means of a scorer set; Enter opens the answers beside each other."
      tools={
        <select
          data-filter
          aria-label="Which items"
          value={only ?? ""}
          onChange={(event) => set({ only: event.target.value || undefined, item: undefined })}
        >
          {choices.map(([key, says]) => (
            <option key={key} value={key}>
              {says}
            </option>
          ))}
        </select>
      }
    >
      {query.error && !query.data ? <Failed error={query.error} retry={() => void query.refetch()} /> : null}
      {query.isPending ? <Skeleton height={200} /> : null}
      {query.data && rows.length === 0 ? <p className="muted">{only ? "None." : "The first answers are on their way."}</p> : null}
      {rows.length > 0 ? <Rows rows={rows} arms={run.arms} open={item} onOpen={(place) => set({ item: place })} /> : null}
      {query.hasNextPage ? (
        <button type="button" className="btn" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          More
        </button>
      ) : null}
    </Card>
  );
}

function Rows({
  rows,
  arms,
  open,
  onOpen,
}: {
  rows: RunItem[];
  arms: string[];
  open: string | undefined;
  onOpen: (place: string | undefined) => void;
}) {
  return (
    <Scroll label="Items of the run">
      <table aria-label="Items of the run">
        <thead>
          <tr>
            <th scope="col">Item</th>
            {arms.map((arm) => (
              <th key={arm} scope="col" className="n mono">
                {arm}
              </th>
            ))}
            {arms.length > 1 ? (
              <th scope="col" className="n">
                Difference
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.place} row={row} arms={arms} open={String(row.place) === open} onOpen={onOpen} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ row, arms, open, onOpen }: { row: RunItem; arms: string[]; open: boolean; onOpen: (place: string | undefined) => void }) {
  const grades = arms.map((arm) => mean(row.answers.filter((answer) => answer.arm === arm)));
  const [first, second] = grades;
  const delta = first !== null && second !== null && first !== undefined && second !== undefined ? second - first : null;
  return (
    <>
      <tr>
        <th scope="row" style={{ fontWeight: 400, whiteSpace: "normal" }}>
          <button
            type="button"
            className="linklike clamp"
            data-row
            aria-expanded={open}
            onClick={() => onOpen(open ? undefined : String(row.place))}
          >
            {itemText({ input: row.input }).input || row.item_id}
          </button>
        </th>
        {grades.map((value, i) => (
          <td key={arms[i]} className="n">
            {grade(value)}
          </td>
        ))}
        {arms.length > 1 ? (
          <td className={`n ${delta === null || delta === 0 ? "" : delta < 0 ? "bad" : "ok"}`}>{difference(delta)}</td>
        ) : null}
      </tr>
      {open ? (
        <tr>
          <td colSpan={arms.length + 2}>
            <Answers row={row} arms={arms} />
          </td>
        </tr>
      ) : null}
    </>
  );
}
