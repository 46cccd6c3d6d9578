// The numbers of a stored policy diff. The API keeps the document as it was made, so its shape is read with care here.
import type { PolicyDiff } from "../../api/types";

export interface Side {
  deployment: string;
  quality: { mean: number; lower: number; upper: number; n: number } | null;
  cost_usd: number | null;
  requests: number;
  failed: number;
  p95_us: number | null;
}
export interface Maths {
  traffic: { share: number; req_30d: number; req_30d_ci: [number, number] };
  quality: { delta: number; ci95: [number, number]; method: string; n: number; margin: number; good: number; judge: string };
  cost: { per_req_delta_usd: number; per_req_ci95?: [number, number]; monthly_saving_usd: number; ci95: [number, number] };
  latency: { p95_ratio: number; ci95?: [number, number] | null } | null;
  errors: { delta: number; ci95: [number, number] } | null;
  plan: { n_needed: number; eta: string | null; max_expected_loss_pts: number; index: number };
  evidence: { from: Side; to: Side; floor: number | null; alpha: number };
}

/** The document's numbers; `null` when another version wrote it in another shape. */
export function mathsOf({ diff }: Pick<PolicyDiff, "diff">): Maths | null {
  const document = diff as Partial<Maths>;
  const whole = document.traffic && document.quality && document.cost && document.plan && document.evidence;
  return whole ? (document as Maths) : null;
}

/** `PT2H30M` as `2 h 30 min`. */
export function duration(iso: string | null): string {
  const [, days, hours, minutes, seconds] = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(iso ?? "") ?? [];
  const parts = [days && `${days} d`, hours && `${hours} h`, minutes && `${minutes} min`, !days && !hours && seconds && `${seconds} s`];
  return parts.filter(Boolean).join(" ") || "unknown";
}
