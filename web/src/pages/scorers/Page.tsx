import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Tabs } from "../../ui/Tabs";
import { Unknown } from "../../ui/Unknown";
import { Bench } from "./Bench";
import { CalibrationTab } from "./CalibrationTab";
import type { ScorerRow } from "./gather";
import { scorersQuery } from "./queries";
import { Windows } from "./Windows";

const route = getRouteApi("/scorers/$name");
const TABS = { windows: "Grades", calibration: "Calibration", bench: "Test bench" };
type Tab = keyof typeof TABS;

/** One scorer: what it says, whether people say the same, and what another prompt would say. */
export default function Page() {
  const { name } = route.useParams();
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(scorersQuery);
  const shown: Tab = tab && tab in TABS ? (tab as Tab) : "windows";
  return (
    <Loaded query={query} height={480}>
      {({ items }) => {
        const row = items.find((each) => each.name === name);
        if (!row)
          return (
            <Unknown title={`No scorer is called ${name}`} sub="It may have been renamed in weir.toml." to="/scorers" all="All scorers" />
          );
        const judge = row.kind === "judge";
        return (
          <>
            <PageHead title={name} sub={<Sub row={row} />}>
              {judge ? (
                <Link to="/labels" search={{ scorer: name }} className="btn">
                  Label its answers…
                </Link>
              ) : null}
            </PageHead>
            {judge ? (
              <Tabs
                label={`Views of ${name}`}
                tabs={TABS}
                shown={shown}
                onShow={(next) => void navigate({ search: { tab: next === "windows" ? undefined : next } })}
              />
            ) : null}
            {judge && shown === "calibration" ? (
              <CalibrationTab name={name} />
            ) : judge && shown === "bench" ? (
              <Bench row={row} />
            ) : (
              <Windows row={row} />
            )}
          </>
        );
      }}
    </Loaded>
  );
}

function Sub({ row }: { row: ScorerRow }) {
  return (
    <>
      {row.kind === "judge" ? (
        "A judge: a model grades."
      ) : row.kind ? (
        <>
          A check, <code>{row.kind}</code>: the same answer always gets the same grade.
        </>
      ) : (
        "Grades from outside."
      )}{" "}
      {row.used.length > 0 ? (
        <>
          It grades{" "}
          {row.used.map(({ workload }, i) => (
            <span key={workload}>
              {i > 0 ? ", " : ""}
              <Link to="/workloads/$id" params={{ id: workload }}>
                {workload}
              </Link>
            </span>
          ))}
          .
        </>
      ) : (
        "No workload lists it."
      )}
    </>
  );
}
