import type { Draft } from "./plan";

/** Under a refusal for a judge of an arm's own family: the way to accept it, with the reason that is kept. */
export function KinJudge({ kin, set }: { kin: NonNullable<Draft["kin"]>; set: (kin: NonNullable<Draft["kin"]>) => void }) {
  return (
    <div className="stack">
      <label className="row">
        <input type="checkbox" checked={kin.accepted} onChange={(event) => set({ ...kin, accepted: event.target.checked })} />
        Accept a judge of the family of one of the two
      </label>
      <label className="field">
        <span>Reason; it stands on the canary's page with what was accepted</span>
        <input
          value={kin.reason}
          onChange={(event) => set({ ...kin, reason: event.target.value })}
          disabled={!kin.accepted}
          required={kin.accepted}
          autoComplete="off"
        />
      </label>
    </div>
  );
}
