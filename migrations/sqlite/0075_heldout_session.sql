-- Later turns of a conversation whose earlier turn was made into a held-out item: a client sends all that was said again
-- with every turn, so they repeat its words. They are shut like the request itself, in the same session and where the words
-- are really there. And whether a request is shut is told in one pass, for a client's own without any recursion.

-- Where each item from traffic was said: written when the item is, so that a reader finds in one step whether its session
-- has one. `source` is the span as 32 hexadecimal digits.
CREATE TABLE item_session (
    session    TEXT    NOT NULL,
    hash       TEXT    NOT NULL REFERENCES dataset_item (hash) ON DELETE CASCADE,
    source     TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    PRIMARY KEY (session, hash)
) WITHOUT ROWID;
CREATE INDEX item_session_hash ON item_session (hash);
CREATE TRIGGER item_said AFTER INSERT ON dataset_item WHEN NEW.body ->> '$.source.span_id' IS NOT NULL BEGIN
    INSERT OR IGNORE INTO item_session (session, hash, source, started_at)
    SELECT span.session, NEW.hash, lower(hex(span.id)), span.started_at FROM span
    WHERE span.id = unhex(replace(NEW.body ->> '$.source.span_id', '-', '')) AND span.session IS NOT NULL;
END;
INSERT OR IGNORE INTO item_session (session, hash, source, started_at)
    SELECT span.session, item.hash, lower(hex(span.id)), span.started_at
    FROM dataset_item AS item JOIN span ON span.id = unhex(replace(item.body ->> '$.source.span_id', '-', ''))
    WHERE item.body ->> '$.source.span_id' IS NOT NULL AND span.session IS NOT NULL;

-- An item's own question: all that its later turns repeat for certain.
CREATE VIEW item_words AS
    SELECT hash, CASE json_type(body, '$.input')
        WHEN 'text' THEN body ->> '$.input'
        ELSE (SELECT turn.value ->> 'content' FROM json_each(body, '$.input.messages') AS turn
              WHERE turn.value ->> 'role' = 'user' ORDER BY turn.key DESC LIMIT 1)
        END AS words
    FROM dataset_item WHERE purged_at IS NULL;

-- Requests that repeat an item's question. A short one must be a text of its own, as it may stand in any other; a request
-- that was cut off cannot be read, and counts.
CREATE VIEW span_again AS
    SELECT turn.id, was.hash, was.source
    FROM span AS turn JOIN item_session AS was ON was.session = turn.session AND was.started_at < turn.started_at
    JOIN item_words AS item ON item.hash = was.hash
    JOIN span_body AS texts ON texts.seq = turn.seq
    WHERE texts.request IS NOT NULL AND item.words > '' AND CASE json_valid(CAST(texts.request AS TEXT))
        WHEN 0 THEN 1
        ELSE EXISTS (
            SELECT 1 FROM json_tree(CAST(texts.request AS TEXT)) AS part WHERE part.type = 'text'
            AND (part.atom = item.words OR length(item.words) >= 20 AND instr(part.atom, item.words)))
        END;

-- Whether what was made from a span is held out, and open nowhere.
DROP VIEW span_text;
DROP VIEW span_shut;
CREATE VIEW span_shut AS
    SELECT span.id FROM span WHERE EXISTS (
        SELECT 1 FROM dataset_item
        WHERE lower(replace(coalesce(body ->> '$.source.span_id', body ->> '$.source.trace_id'), '-', '')) > ''
    ) AND CASE
        -- A client's own repeats nobody's words but its session's.
        WHEN span.origin IN ('client', 'external') THEN (
            SELECT max(made.heldout) AND NOT max(made.open) FROM item_source AS made
            WHERE made.source IN (lower(hex(span.id)), lower(hex(substr(span.id, 9))), lower(hex(span.trace_id)))
        ) IS TRUE OR span.session IS NOT NULL AND EXISTS (
            SELECT 1 FROM item_session AS was WHERE was.session = span.session AND was.started_at < span.started_at
        ) AND EXISTS (
            SELECT 1 FROM span_again AS again WHERE again.id = span.id AND (
                SELECT max(made.heldout) AND NOT max(made.open) FROM item_source AS made WHERE made.source = +again.source))
        ELSE (
            WITH RECURSIVE said (id, trace_id, about) AS (
                SELECT span.id, span.trace_id, span.about
                UNION SELECT unhex(said.about), told.trace_id, told.about FROM said
                    LEFT JOIN span AS told ON told.id = unhex(said.about) WHERE said.about IS NOT NULL
                UNION SELECT shadow.span_id, told.trace_id, told.about FROM said
                    JOIN shadow ON shadow.shadow_id = said.id LEFT JOIN span AS told ON told.id = shadow.span_id
            )
            SELECT (
                SELECT max(made.heldout) AND NOT max(made.open) FROM said CROSS JOIN item_source AS made
                WHERE made.source IN (lower(hex(said.id)), lower(hex(substr(said.id, 9))), lower(hex(said.trace_id)))
            ) IS TRUE OR EXISTS (
                SELECT 1 FROM said CROSS JOIN span_again AS again WHERE again.id = said.id AND (
                    SELECT max(made.heldout) AND NOT max(made.open) FROM item_source AS made
                    WHERE made.source = +again.source)))
        END;

-- The one door to what was asked and answered.
CREATE VIEW span_text AS
    SELECT span.seq, span.id, texts.request, texts.response, texts.truncated
    FROM span JOIN span_body AS texts ON texts.seq = span.seq
    WHERE texts.request IS NOT NULL AND texts.response IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM span_shut AS shut WHERE shut.id = span.id);
