import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Dataset } from "../../api/types";
import { plural } from "../../lib/format";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Tabs } from "../../ui/Tabs";
import { Unknown } from "../../ui/Unknown";
import { DeleteDialog } from "./DeleteDialog";
import { DraftBanner } from "./DraftBanner";
import { Export } from "./Export";
import { Health } from "./Health";
import { Items } from "./Items";
import { datasetQuery } from "./queries";
import { Versions } from "./Versions";

const route = getRouteApi("/datasets/$name");
const TABS = { items: "Items", versions: "Versions", health: "Splits and checks" } as const;
type Tab = keyof typeof TABS;
const isTab = (text: string | undefined): text is Tab => text !== undefined && text in TABS;

/** One dataset: what is in it, how it came to be, and whether it can be trusted. */
export default function Page() {
  const { name } = route.useParams();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(datasetQuery(name));
  const [deleting, setDeleting] = useState(false);
  const shown: Tab = isTab(tab) ? tab : "items";
  return (
    <Loaded query={query} height={480} head={<Unknown title="Dataset" to="/datasets" all="All datasets" />}>
      {(dataset) => (
        <>
          <PageHead title={dataset.name} sub={<Sub dataset={dataset} />}>
            <Export dataset={dataset} />
            <Link to="/datasets" search={{ into: dataset.name }} className="btn">
              Import into it…
            </Link>
            <Link
              to="/datasets"
              search={{ into: dataset.name, from: "traces", ...(dataset.workload ? { workload: dataset.workload } : {}) }}
              className="btn"
            >
              From traces…
            </Link>
            <button type="button" className="btn danger" onClick={() => setDeleting(true)}>
              Delete…
            </button>
            {dataset.version ? (
              <Link to="/runs" search={{ start: dataset.name }} className="btn primary">
                Run it…
              </Link>
            ) : null}
          </PageHead>
          {dataset.draft ? <DraftBanner dataset={dataset} /> : null}
          <Tabs
            label={`Views of ${dataset.name}`}
            tabs={TABS}
            shown={shown}
            onShow={(next) =>
              void navigate({ search: (before) => ({ ...before, tab: next === "items" ? undefined : next }), replace: true })
            }
          />
          {shown === "items" ? <Items dataset={dataset} /> : null}
          {shown === "versions" ? <Versions dataset={dataset} /> : null}
          {shown === "health" ? <Health dataset={dataset} /> : null}
          {deleting ? <DeleteDialog dataset={dataset} onClose={() => setDeleting(false)} /> : null}
        </>
      )}
    </Loaded>
  );
}

function Sub({ dataset }: { dataset: Dataset }) {
  return (
    <>
      {dataset.description ? `${dataset.description} ` : ""}
      {dataset.version ? plural(dataset.items, "item") : "Nothing published yet"}
      {dataset.workload ? (
        <>
          {" "}
          for{" "}
          <Link to="/workloads/$id" params={{ id: dataset.workload }}>
            {dataset.workload}
          </Link>
        </>
      ) : null}
      {dataset.version ? (
        <>
          , version <code>{dataset.version.slice(0, 12)}</code>
        </>
      ) : null}
      .
    </>
  );
}
