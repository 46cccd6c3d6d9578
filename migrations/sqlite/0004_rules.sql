-- Rules of online scoring: what a person or the workers have decided about them, what they have spent, what they sample
-- now, and what they are to catch up on. The rules themselves stand in the configuration.

-- A rule without a row is as the configuration says.
CREATE TABLE rule_pause (
    rule   TEXT    PRIMARY KEY,
    reason TEXT    NOT NULL,
    actor  TEXT    NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Days are counted from 1970, UTC.
CREATE TABLE rule_spend (
    rule      TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    cost_nano INTEGER NOT NULL,
    PRIMARY KEY (rule, day)
) STRICT, WITHOUT ROWID;

-- The share of a rule's answers that is scored now; without a deployment, of all.
CREATE TABLE rule_share (
    rule       TEXT    NOT NULL,
    deployment TEXT    NOT NULL,
    share      REAL    NOT NULL CHECK (share BETWEEN 0 AND 1),
    at         INTEGER NOT NULL,
    PRIMARY KEY (rule, deployment)
) STRICT, WITHOUT ROWID;

-- The newest look at the queue: one row.
CREATE TABLE queue_pressure (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    waiting  INTEGER NOT NULL,
    oldest_s INTEGER NOT NULL,
    factor   REAL    NOT NULL CHECK (factor > 0 AND factor <= 1),
    at       INTEGER NOT NULL
) STRICT;

-- Past answers that a rule is to score, from `after` (a span's seq) on.
CREATE TABLE rule_backfill (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    rule   TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    most   INTEGER NOT NULL,
    after  INTEGER NOT NULL DEFAULT 0,
    pushed INTEGER NOT NULL DEFAULT 0,
    done   INTEGER NOT NULL DEFAULT 0,
    at     INTEGER NOT NULL
) STRICT;
