import type { Calibration } from "../../api/types";
import { plural } from "../../lib/format";
import { Pill } from "../../ui/Pill";

/** Labels from which a judge counts as calibrated. */
const ENOUGH = 30;

/** Whether a judge's grades are corrected by people's. */
export function CalibrationState({ calibration }: { calibration: Calibration }) {
  if (calibration.state === "calibrated") return <Pill tone="ok">calibrated</Pill>;
  const missing = ENOUGH - calibration.labels;
  return (
    <Pill tone="plain" glyph="○">
      {plural(missing, "more label")} to calibrate
    </Pill>
  );
}
