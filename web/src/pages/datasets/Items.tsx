import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Dataset, ItemView } from "../../api/types";
import { useKeys } from "../../lib/keys";
import { count } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Failed, Skeleton } from "../../ui/Loaded";
import { ItemEditor } from "./ItemEditor";
import { ItemRows } from "./ItemRows";
import { itemsQuery } from "./queries";

const route = getRouteApi("/datasets/$name");

/** Every item of a version, however many there are; the open one beside or below. */
export function Items({ dataset }: { dataset: Dataset }) {
  const { q, split, item, version } = route.useSearch();
  const navigate = route.useNavigate();
  const [reveal, setReveal] = useState(false);
  const set = (more: Record<string, string | undefined>) => void navigate({ search: (before) => ({ ...before, ...more }), replace: true });
  const at = version ?? (dataset.draft ? "draft" : undefined);
  const query = useInfiniteQuery(itemsQuery(dataset.name, { version: at, split, q, ...(reveal ? { reveal } : {}) }));
  const rows: ItemView[] = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const total = query.data?.pages[0]?.total ?? 0;
  const opened = item === NEW ? null : rows.find((row) => row.id === item);
  useKeys({ n: () => set({ item: NEW }), Escape: () => set({ item: undefined }) });
  const hidden = rows.some((row) => row.hidden);
  return (
    <div className="grid">
      <Card
        title={at === "draft" ? "Items of the draft" : "Items"}
        question={`${count(total)} ${q || split ? "fit" : "in all"}. Enter opens one; edits go to a draft first.`}
        tools={
          <>
            <input
              type="search"
              data-filter
              aria-label="Text in an item"
              placeholder="Text in an item"
              value={q ?? ""}
              onChange={(event) => set({ q: event.target.value || undefined })}
            />
            <select aria-label="Split" value={split ?? ""} onChange={(event) => set({ split: event.target.value || undefined })}>
              <option value="">All splits</option>
              {dataset.splits.flatMap((row) =>
                row.split ? (
                  <option key={row.split} value={row.split}>
                    {row.split} ({count(row.items)})
                  </option>
                ) : (
                  []
                ),
              )}
            </select>
            <button type="button" className="btn" onClick={() => set({ item: NEW })}>
              New item <kbd className="wide">n</kbd>
            </button>
          </>
        }
      >
        {query.error && !query.data ? <Failed error={query.error} retry={() => void query.refetch()} /> : null}
        {query.isPending ? <Skeleton height={360} /> : null}
        {hidden ? (
          <p className="muted small">
            Held-out items are hidden, so that nobody learns them by heart.{" "}
            <button type="button" className="linklike" onClick={() => setReveal(true)}>
              Show them
            </button>{" "}
            (which is written down).
          </p>
        ) : null}
        {query.data && rows.length === 0 ? (
          <p className="muted">{q || split ? "No item fits." : "No items yet: import a file, or write one with n."}</p>
        ) : null}
        {rows.length > 0 ? (
          <ItemRows
            rows={rows}
            open={item}
            onOpen={(id) => set({ item: id })}
            more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined}
          />
        ) : null}
      </Card>
      {opened !== undefined ? (
        <ItemEditor key={opened?.hash ?? NEW} dataset={dataset} row={opened} onClose={() => set({ item: undefined })} />
      ) : null}
    </div>
  );
}

/** In the URL, in place of an id: an item that is being written. */
const NEW = "+";
