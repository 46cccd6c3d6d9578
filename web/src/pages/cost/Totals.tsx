import type { ReactNode } from "react";
import type { CostTable } from "../../api/types";
import { compact, count, NONE, percent, usd } from "../../lib/format";

/** Spent, saved against the best model only, tokens, and what judging cost. */
export function Totals({ total }: { total: CostTable["total"] }) {
  const saved = total.best_usd !== null && total.best_usd > 0 ? total.best_usd - total.cost_usd : null;
  const scoring = total.scoring_usd ?? 0;
  return (
    <div className="grid k4">
      <Total title="Spent" value={usd(total.cost_usd)}>
        {total.requests === total.priced
          ? `${count(total.requests)} requests`
          : `${count(total.priced)} of ${count(total.requests)} requests have a price`}
      </Total>
      <Total title="Saved" value={saved === null ? NONE : usd(saved)}>
        {saved === null || total.best_usd === null ? (
          "no price of a best model is known"
        ) : (
          <>
            <span className={saved >= 0 ? "ok" : "bad"}>
              {saved >= 0 ? "▼" : "▲"} {percent(Math.abs(saved / total.best_usd), 0)}
            </span>{" "}
            of {usd(total.best_usd)} best only
          </>
        )}
      </Total>
      <Total title="Tokens" value={compact(total.input_tokens + total.output_tokens)}>
        {compact(total.input_tokens)} in, {compact(total.output_tokens)} out
        {total.input_tokens > 0 ? `, ${percent(total.cached_tokens / total.input_tokens)} from cache` : ""}
      </Total>
      <Total title="Judging" value={usd(scoring)}>
        {saved !== null && saved > 0 ? `net saving ${usd(saved - scoring)}` : "what scoring cost"}
      </Total>
    </div>
  );
}

function Total({ title, value, children }: { title: string; value: string; children: ReactNode }) {
  return (
    <section className="card" aria-label={title}>
      <h2>{title}</h2>
      <div className="num">{value}</div>
      <span className="muted small">{children}</span>
    </section>
  );
}
