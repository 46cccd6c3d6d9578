-- Answers that a judge was asked about a second time, to see how far it agrees with itself. The second word steers
-- nothing. `second` is NULL where it gave no grade.
CREATE TABLE judge_repeat (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    span_id BLOB    NOT NULL,
    scorer  TEXT    NOT NULL,
    version TEXT    NOT NULL,
    first   REAL    NOT NULL CHECK (first BETWEEN 0 AND 1),
    second  REAL    CHECK (second BETWEEN 0 AND 1),
    at      INTEGER NOT NULL,
    UNIQUE (span_id, scorer, version)
) STRICT;
CREATE INDEX judge_repeat_scorer ON judge_repeat (scorer, version, seq);
