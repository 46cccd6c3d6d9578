-- Which canary a diff was applied by: what becomes of it is told as the diff's, and no other canary's is. Of diffs that
-- were applied before this was kept, those that only one canary can be of.
ALTER TABLE policy_diff ADD COLUMN canary TEXT;
UPDATE policy_diff SET canary = (
    SELECT min(canary.id) FROM canary
    WHERE canary.workload = policy_diff.workload
      AND json_extract(canary.body, '$.base') = policy_diff.parent
      AND json_extract(canary.body, '$.candidate') = policy_diff.candidate
    HAVING count(*) = 1
) WHERE state = 'applied';
CREATE UNIQUE INDEX policy_diff_canary ON policy_diff (canary) WHERE canary IS NOT NULL;
