-- Held-out items that were made from traffic: whoever may not read the item may not read it in the request either, nor in
-- what repeats that request, a shadow of it or a judge's question about either. Nothing is destroyed: a request is shut
-- for as long as an item made from it is held out in some version, and none made from it stands open in a current one.

-- What an item was made from, in 32 hexadecimal digits, or the 16 by which OpenTelemetry calls a span; without a span its
-- trace.
CREATE INDEX dataset_item_source ON dataset_item (
    lower(replace(coalesce(body ->> '$.source.span_id', body ->> '$.source.trace_id'), '-', '')));
CREATE INDEX span_shadow ON shadow (shadow_id) WHERE shadow_id IS NOT NULL;
CREATE VIEW item_source AS
    SELECT lower(replace(coalesce(item.body ->> '$.source.span_id', item.body ->> '$.source.trace_id'), '-', '')) AS source,
        place.split = 'heldout' AS heldout,
        place.split <> 'heldout' AND (version.state = 'draft' OR dataset.head = version.seq AND dataset.deleted_at IS NULL)
            AS open
    FROM dataset_item AS item JOIN dataset_version_item AS place ON place.hash = item.hash
    JOIN dataset_version AS version ON version.seq = place.version JOIN dataset ON dataset.id = version.dataset;

-- Where nothing was made from traffic one look at the index says so, and no request is looked at.
CREATE VIEW span_shut AS
    SELECT span.id FROM span WHERE EXISTS (
        SELECT 1 FROM dataset_item
        WHERE lower(replace(coalesce(body ->> '$.source.span_id', body ->> '$.source.trace_id'), '-', '')) > ''
    ) AND (
        WITH RECURSIVE said (id) AS (
            SELECT span.id
            UNION SELECT unhex(told.about) FROM said JOIN span AS told ON told.id = said.id WHERE told.about IS NOT NULL
            UNION SELECT shadow.span_id FROM said JOIN shadow ON shadow.shadow_id = said.id
        ), named (source) AS (
            SELECT lower(hex(id)) FROM said
            UNION ALL SELECT lower(hex(substr(id, 9))) FROM said
            UNION ALL SELECT lower(hex(told.trace_id)) FROM said JOIN span AS told ON told.id = said.id
        )
        SELECT max(made.heldout) AND NOT max(made.open) FROM named JOIN item_source AS made ON made.source = named.source);

-- The one door to what was asked and answered.
CREATE VIEW span_text AS
    SELECT span.seq, span.id, texts.request, texts.response, texts.truncated
    FROM span JOIN span_body AS texts ON texts.seq = span.seq
    WHERE texts.request IS NOT NULL AND texts.response IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM span_shut AS shut WHERE shut.id = span.id);
