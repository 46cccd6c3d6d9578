-- Whose words a request of weir's own repeats: the hash of a dataset's item or the id of a span, so that a purge finds it.
ALTER TABLE span ADD COLUMN about TEXT;
CREATE INDEX span_about ON span (about) WHERE about IS NOT NULL;
CREATE INDEX run_item_hash ON run_item (hash);
UPDATE span SET about = place.hash
FROM run_output AS answer JOIN run_item AS place ON place.run = answer.run AND place.ord = answer.ord
WHERE answer.span_id = span.id AND span.origin = 'eval';

-- Runs on held-out items have kept the texts of what they asked, which whoever may read requests could tune on. They go;
-- with them go those of judges that were asked while such a run went on, because nothing tells what these were about.
CREATE TEMP TABLE heldout_run AS
    SELECT DISTINCT run.seq, run.started_at, coalesce(run.ended_at, 9223372036854775807) AS ended_at, spot.hash
    FROM experiment_run AS run JOIN dataset ON dataset.name = run.dataset
    JOIN dataset_version AS version ON version.dataset = dataset.id AND version.id = run.dataset_version
    JOIN dataset_version_item AS spot ON spot.version = version.seq AND spot.split = 'heldout'
    JOIN run_item AS place ON place.run = run.seq AND place.hash = spot.hash;
UPDATE span_body SET request = NULL, response = NULL,
    body = CAST(json_set(CAST(body AS TEXT), '$.errand', json_object('about', span.about, 'sealed', json('true'))) AS BLOB)
FROM span WHERE span.seq = span_body.seq AND span.origin = 'eval' AND (
    span.id IN (
        SELECT answer.span_id FROM heldout_run JOIN run_item AS place ON place.run = heldout_run.seq
            AND place.hash = heldout_run.hash
        JOIN run_output AS answer ON answer.run = place.run AND answer.ord = place.ord)
    OR (span.about IS NULL AND EXISTS (
        SELECT 1 FROM (SELECT DISTINCT started_at, ended_at FROM heldout_run) AS during
        WHERE span.started_at BETWEEN during.started_at AND during.ended_at)));
DROP TABLE heldout_run;
