import { useQuery } from "@tanstack/react-query";
import type { Series, Workload } from "../../api/types";
import type { Range } from "../../lib/time";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { Candidates } from "./Candidates";
import { CostSeries } from "./CostSeries";
import { CostTable } from "./CostTable";
import { LatencySeries } from "./LatencySeries";
import { PolicyCard } from "./PolicyCard";
import { QualitySeries } from "./QualitySeries";
import { seriesQuery } from "./queries";
import { Settings } from "./Settings";
import { ShareSeries } from "./ShareSeries";
import { SpeedTable } from "./SpeedTable";
import { WindowTable } from "./WindowTable";
import { WorkloadFrontier } from "./WorkloadFrontier";

export const TABS = { quality: "Quality", cost: "Cost", speed: "Speed", route: "Route", settings: "Settings" } as const;
export type Tab = keyof typeof TABS;
export const isTab = (text: string | undefined): text is Tab => text !== undefined && text in TABS;

interface Props {
  workload: Workload;
  range: Range;
  tab: Tab;
}

/** One view of a workload: each answers one question. */
export function Body({ workload, range, tab }: Props) {
  const series = useQuery({ ...seriesQuery(workload.id, range), enabled: tab !== "settings" });
  const drawn = (height: number, draw: (data: Series) => React.ReactNode) => (
    <Loaded query={series} height={height}>
      {draw}
    </Loaded>
  );
  switch (tab) {
    case "quality":
      return (
        <>
          <div className="grid k2">
            <WorkloadFrontier workload={workload} />
            {drawn(380, (data) => (
              <QualitySeries series={data} floor={workload.floor} range={range} />
            ))}
          </div>
          <div className="grid">
            <Card title="Candidates" question="Who may serve, how good and how dear each is. Only admitted ones take ordinary traffic.">
              <Candidates workload={workload} />
            </Card>
            <WindowTable workload={workload} />
          </div>
        </>
      );
    case "cost":
      return (
        <>
          <div className="grid k2">
            {drawn(320, (data) => (
              <CostSeries series={data} range={range} />
            ))}
            <WorkloadFrontier workload={workload} />
          </div>
          <CostTable workload={workload} />
        </>
      );
    case "speed":
      return (
        <div className="grid">
          {drawn(360, (data) => (
            <LatencySeries series={data} range={range} />
          ))}
          <SpeedTable workload={workload} />
        </div>
      );
    case "route":
      return (
        <div className="grid">
          {drawn(300, (data) => (
            <ShareSeries series={data} range={range} />
          ))}
          <PolicyCard workload={workload} />
        </div>
      );
    case "settings":
      return <Settings workload={workload} />;
  }
}
