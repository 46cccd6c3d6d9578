// Every chart with data that never changes: what the pixel snapshots are taken of. Not part of the dashboard.
import "../../src/theme/base.css";
import "../../src/theme/layout.css";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { Frontier } from "../../src/charts/Frontier";
import { Gauge } from "../../src/charts/Gauge";
import { Interval } from "../../src/charts/Interval";
import { Ladder } from "../../src/charts/Ladder";
import { Spark } from "../../src/charts/Spark";
import { TimeSeries } from "../../src/charts/TimeSeries";
import { Waterfall } from "../../src/charts/Waterfall";
import * as data from "./data";

function Shown({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div data-chart={name} style={{ width: 640, padding: 8, background: "var(--raised)" }}>
      {children}
    </div>
  );
}

const money = (value: number) => `$${value.toFixed(2)}`;
const grade = (value: number) => value.toFixed(2);

function Charts() {
  return (
    <>
      <Shown name="frontier">
        <Frontier points={data.points} router={data.router} floor={0.85} />
      </Shown>
      <Shown name="quality">
        <TimeSeries
          times={data.times}
          lines={data.quality}
          range={[0.7, 1]}
          format={grade}
          floors={data.floors}
          marks={data.marks}
          labels
        />
      </Shown>
      <Shown name="stacked">
        <TimeSeries times={data.times} lines={data.stack} range={[0, 3]} format={money} stacked labels partial />
      </Shown>
      <Shown name="ladder">
        <Ladder label="Steps of the canary" rungs={data.rungs} />
      </Shown>
      <Shown name="waterfall">
        <Waterfall phases={data.phases} total_ms={900} />
      </Shown>
      <Shown name="small">
        <Gauge label="Promote" at={2.1} decides={4.6} tone="ok" />
        <Interval value={0.01} lower={-0.03} upper={0.05} domain={[-0.2, 0.2]} mark={0} />
        <Spark values={data.spark} zero />
      </Shown>
    </>
  );
}

const root = document.getElementById("root");
if (root) createRoot(root).render(<Charts />);
