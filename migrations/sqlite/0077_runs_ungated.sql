-- Runs that nothing was demanded of were once stored as passed. No gate in the suite and none in the order: not gated.
-- A baseline alone is held to nothing either. A suite that so much as mentions a gate is left as it is.
UPDATE experiment_run SET verdict = 'ungated'
WHERE verdict = 'pass' AND json_valid(body) AND (
    (body ->> '$.fail_under' IS NULL AND instr(lower(coalesce(body ->> '$.suite', '')), 'gate') = 0)
    OR (json_array_length(body, '$.arms') = 1 AND body ->> '$.against.arm' = body ->> '$.arms[0].name')
);
