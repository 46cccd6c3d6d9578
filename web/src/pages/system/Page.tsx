import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Loaded } from "../../ui/Loaded";
import { PageHead } from "../../ui/PageHead";
import { Tabs } from "../../ui/Tabs";
import { Audit } from "./Audit";
import { Config } from "./Config";
import { Keys } from "./Keys";
import { systemQuery } from "./queries";
import { State } from "./State";

const route = getRouteApi("/system");
const TABS = { state: "State", keys: "Keys and budgets", config: "Configuration", audit: "Audit log" } as const;
type Tab = keyof typeof TABS;
const isTab = (text: string | undefined): text is Tab => text !== undefined && text in TABS;

/** Who may call, and is the box healthy? */
export default function Page() {
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  const shown: Tab = isTab(tab) ? tab : "state";
  const query = useQuery(systemQuery);
  return (
    <>
      <PageHead
        title="System"
        sub={
          query.data ? (
            <>
              weir {query.data.version} on <code>{query.data.bind}</code>, data in <code>{query.data.data_dir}</code>.
            </>
          ) : null
        }
      />
      <Tabs
        label="System"
        tabs={TABS}
        shown={shown}
        onShow={(next) => void navigate({ search: (before) => ({ ...before, tab: next === "state" ? undefined : next }), replace: true })}
      />
      {shown === "config" ? <Config /> : null}
      {shown === "audit" ? <Audit /> : null}
      {shown === "state" || shown === "keys" ? (
        <Loaded query={query} height={360}>
          {(system) => (shown === "keys" ? <Keys system={system} /> : <State system={system} />)}
        </Loaded>
      ) : null}
    </>
  );
}
