import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { CanaryDetail, CanaryPairs, PairView } from "../../api/types";
import { difference, grade } from "../../lib/format";
import { Ago } from "../../ui/Ago";
import { Card } from "../../ui/Card";
import { Loaded } from "../../ui/Loaded";
import { Scroll } from "../../ui/Scroll";
import { SideBySide } from "./SideBySide";
import { pairsQuery } from "./queries";

const route = getRouteApi("/canaries/$id");
const SIDES = { worse: "Candidate worse", better: "Candidate better", same_prompt: "Same prompt" } as const;
type Side = keyof typeof SIDES;
const NONE: Record<Side, string> = {
  worse: "No pair in which the candidate's answer has the lower grade.",
  better: "No pair in which the candidate's answer has the higher grade.",
  same_prompt: "No same-prompt pairs differ. They come from a shadow stage; start a canary with shadow pairs to have them.",
};

/** The pairs whose grades differ most, and the two answers of the chosen one beside each other. */
export function Pairs({ canary }: { canary: CanaryDetail }) {
  const query = useQuery(pairsQuery(canary.id));
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const side: Side = search.pairs && search.pairs in SIDES ? (search.pairs as Side) : first(query.data);
  const choose = (next: Record<string, string | undefined>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  return (
    <Card
      title="Pairs that differ most"
      question={
        side === "same_prompt"
          ? "What does the difference look like? Both answered the same prompt, before anybody was exposed."
          : "What does the difference look like? The two answers are to different prompts of one segment."
      }
      tools={
        <div className="segmented" role="group" aria-label="Which pairs">
          {(Object.keys(SIDES) as Side[]).map((key) => (
            <button
              key={key}
              type="button"
              className="btn"
              aria-pressed={key === side}
              onClick={() => choose({ pairs: key, pair: undefined })}
            >
              {SIDES[key]} <span className="muted">{query.data?.[key].length ?? ""}</span>
            </button>
          ))}
        </div>
      }
    >
      <Loaded query={query} height={120}>
        {(pairs) =>
          pairs[side].length === 0 ? (
            <p className="muted">{pairs.funnel.scored === 0 && side !== "same_prompt" ? "No scored pairs yet." : NONE[side]}</p>
          ) : (
            <>
              <PairTable pairs={pairs[side]} open={search.pair} onOpen={(pair) => choose({ pairs: side, pair })} />
              <Opened pairs={pairs[side]} open={search.pair} canary={canary} onClose={() => choose({ pair: undefined })} />
            </>
          )
        }
      </Loaded>
    </Card>
  );
}

function first(data: CanaryPairs | undefined): Side {
  if (!data || data.worse.length > 0) return "worse";
  return data.better.length > 0 ? "better" : data.same_prompt.length > 0 ? "same_prompt" : "worse";
}

function Opened({
  pairs,
  open,
  canary,
  onClose,
}: {
  pairs: PairView[];
  open: string | undefined;
  canary: CanaryDetail;
  onClose: () => void;
}) {
  const pair = pairs.find((row) => row.candidate.span_id === open);
  return pair ? <SideBySide pair={pair} canary={canary} onClose={onClose} /> : null;
}

function PairTable({ pairs, open, onOpen }: { pairs: PairView[]; open: string | undefined; onOpen: (span: string) => void }) {
  return (
    <Scroll label="Pairs that differ most">
      <table aria-label="Pairs that differ most">
        <thead>
          <tr>
            <th scope="col">Pair</th>
            <th scope="col" className="n">
              Candidate
            </th>
            <th scope="col" className="n">
              Stable
            </th>
            <th scope="col" className="n">
              Difference
            </th>
            <th scope="col" className="wide">
              Segment
            </th>
            <th scope="col" className="n wide">
              When
            </th>
          </tr>
        </thead>
        <tbody>
          {pairs.slice(0, 8).map((pair, i) => (
            <tr key={pair.candidate.span_id}>
              <th scope="row">
                <button
                  type="button"
                  className="linklike"
                  data-row
                  aria-expanded={pair.candidate.span_id === open}
                  onClick={() => onOpen(pair.candidate.span_id)}
                >
                  Pair {i + 1}, side by side
                </button>
              </th>
              <td className="n">{grade(pair.candidate.grade)}</td>
              <td className="n">{grade(pair.control.grade)}</td>
              <td className={`n ${pair.delta < 0 ? "bad" : "ok"}`}>{difference(pair.delta)}</td>
              <td className="wide muted">{pair.segment}</td>
              <td className="n wide">
                <Ago at={pair.at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
