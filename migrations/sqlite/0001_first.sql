-- First schema. Times are microseconds since 1970 UTC, money is nano-dollars, ids are 16 bytes, the grade is 0..1.
-- Columns exist for what lists, aggregates and constraints need; the rest of a value is its JSON in `body`.

PRAGMA application_id = 2003134834; -- 'weir' in ASCII

-- One row per request, narrow: lists and sums read these pages only.
CREATE TABLE span (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            BLOB    NOT NULL,
    trace_id      BLOB    NOT NULL,
    tenant        TEXT    NOT NULL,
    workload      TEXT    NOT NULL,
    origin        TEXT    NOT NULL,
    session       TEXT,
    stream        INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    latency_us    INTEGER NOT NULL,
    latency_bin   INTEGER,
    ttft_us       INTEGER,
    status        TEXT    NOT NULL,
    code          TEXT,
    deployment    TEXT,
    strategy      TEXT,
    revision      TEXT,
    propensity    REAL,
    canary        TEXT,
    arm           TEXT,
    unit          INTEGER,
    segment       TEXT,
    head_failed   INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    input_tokens  INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    cost_nano     INTEGER
);
-- An id begins with its time, so this index and those on a score's span grow at their ends.
CREATE UNIQUE INDEX span_id ON span (id);
-- Every index ends with the rowid, so this one lists a workload's spans by seq without sorting.
CREATE INDEX span_workload ON span (workload);
CREATE INDEX span_workload_started ON span (workload, started_at);
CREATE INDEX span_exposure ON span (canary, started_at, id) WHERE canary IS NOT NULL;

-- Sums of client requests per minute, kept up in the transaction that writes the spans: a day's figures are read from
-- a few thousand rows, whatever the traffic. `latency` holds the counts of the logarithmic bins of whole answers.
CREATE TABLE span_minute (
    minute        INTEGER NOT NULL,
    workload      TEXT    NOT NULL,
    deployment    TEXT    NOT NULL, -- empty when nothing was tried
    requests      INTEGER NOT NULL,
    failed        INTEGER NOT NULL,
    cancelled     INTEGER NOT NULL,
    fell_back     INTEGER NOT NULL,
    priced        INTEGER NOT NULL,
    cost_nano     INTEGER NOT NULL,
    input_tokens  INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    latency       BLOB    NOT NULL,
    PRIMARY KEY (minute, workload, deployment)
) WITHOUT ROWID;

-- The whole span as JSON for its page, and the texts: one row apart from the list's, because one row is cheaper to write
-- than two. Texts are purged by setting them to NULL. No reference to span, here and below: checking it costs an eighth
-- of an insert, and both rows are always written together.
CREATE TABLE span_body (
    seq       INTEGER PRIMARY KEY,
    body      BLOB    NOT NULL,
    request   BLOB,
    response  BLOB,
    truncated INTEGER NOT NULL
);

-- The score log. `seq` follows commit order: there is one writer. No reference to span: a score outlives its text.
CREATE TABLE score (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    span_id     BLOB    NOT NULL,
    workload    TEXT    NOT NULL,
    segment     TEXT    NOT NULL,
    deployment  TEXT    NOT NULL,
    scorer      TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    grade       REAL    CHECK (grade BETWEEN 0 AND 1),
    unscored    TEXT,
    source      TEXT    NOT NULL,
    explanation TEXT,
    p_sample    REAL    NOT NULL CHECK (p_sample BETWEEN 0 AND 1),
    propensity  REAL    NOT NULL CHECK (propensity BETWEEN 0 AND 1),
    cost_nano   INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    CHECK ((grade IS NULL) <> (unscored IS NULL)),
    UNIQUE (span_id, scorer, version)
);
CREATE INDEX score_workload_at ON score (workload, scorer, at);

CREATE TABLE dataset (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    workload    TEXT,
    description TEXT    NOT NULL,
    created_at  INTEGER NOT NULL
);
-- The newest `seq` of a dataset is its current version; publishing an old content again makes it current again.
CREATE TABLE dataset_version (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset    INTEGER NOT NULL REFERENCES dataset (id),
    id         TEXT    NOT NULL,
    items      INTEGER NOT NULL,
    note       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX dataset_version_dataset ON dataset_version (dataset, seq);
CREATE TABLE dataset_item (
    hash       TEXT PRIMARY KEY,
    input_hash TEXT NOT NULL,
    body       TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX dataset_item_input ON dataset_item (input_hash);
CREATE TABLE dataset_version_item (
    version INTEGER NOT NULL REFERENCES dataset_version (seq),
    ord     INTEGER NOT NULL,
    hash    TEXT    NOT NULL REFERENCES dataset_item (hash),
    PRIMARY KEY (version, ord),
    UNIQUE (hash, version)
) WITHOUT ROWID;

-- Revisions form one line per workload: each parent has one child, and must exist.
CREATE TABLE policy (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    workload TEXT    NOT NULL,
    revision TEXT    NOT NULL,
    parent   TEXT,
    author   TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    UNIQUE (workload, revision),
    FOREIGN KEY (workload, parent) REFERENCES policy (workload, revision)
);
CREATE UNIQUE INDEX policy_line ON policy (workload, coalesce(parent, ''));
CREATE INDEX policy_at ON policy (at);

-- Proposals with the facts they were made of.
CREATE TABLE policy_diff (
    id        TEXT PRIMARY KEY,
    workload  TEXT    NOT NULL,
    parent    TEXT    NOT NULL,
    candidate TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    body      TEXT    NOT NULL,
    UNIQUE (workload, parent, candidate)
) WITHOUT ROWID;
CREATE INDEX policy_diff_at ON policy_diff (at);

CREATE TABLE canary (
    id         TEXT PRIMARY KEY,
    workload   TEXT    NOT NULL,
    scorer     TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    step       INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    body       TEXT    NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX canary_active ON canary (workload)
    WHERE state IN ('awaiting_approval', 'shadow', 'running', 'held', 'verifying');
CREATE INDEX canary_workload ON canary (workload, created_at);

-- What happened to canaries, kept for good: a chain in which each row's hash covers its body and the row before, so that
-- a row changed, left out or put in later is seen.
CREATE TABLE canary_event (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    canary   TEXT    NOT NULL REFERENCES canary (id),
    workload TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    revision TEXT,
    reason   TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    previous TEXT    NOT NULL UNIQUE, -- empty for the first
    hash     TEXT    NOT NULL UNIQUE
);
CREATE INDEX canary_event_canary ON canary_event (canary, seq);
CREATE INDEX canary_event_at ON canary_event (at);

-- Who providers say answers: each (deployment, model, fingerprint) once. `after_score` is the newest score there was, so
-- that windows meet the change at the same place whenever they are folded.
CREATE TABLE identity (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    deployment  TEXT    NOT NULL,
    model       TEXT    NOT NULL, -- empty when unnamed, as is the next
    fingerprint TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    after_score INTEGER NOT NULL,
    UNIQUE (deployment, model, fingerprint)
);

-- What happened to quality windows. Folding the score log again tells it again; the key stores it once.
CREATE TABLE window_event (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    workload   TEXT    NOT NULL,
    segment    TEXT    NOT NULL,
    deployment TEXT    NOT NULL,
    scorer     TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    epoch      INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    UNIQUE (workload, segment, deployment, scorer, version, epoch, kind, at)
);
CREATE INDEX window_event_at ON window_event (at);

-- The same prompt answered twice: what a caller got, and what a candidate would have said. `shadow_id` is empty when the
-- candidate did not answer.
CREATE TABLE shadow (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    span_id   BLOB    NOT NULL,
    shadow_id BLOB,
    workload  TEXT    NOT NULL,
    candidate TEXT    NOT NULL,
    canary    TEXT,
    at        INTEGER NOT NULL,
    UNIQUE (span_id, candidate)
);
CREATE INDEX shadow_workload ON shadow (workload, candidate, seq);
CREATE INDEX shadow_canary ON shadow (canary, seq) WHERE canary IS NOT NULL;

-- Leave to expose a canary, renewed by its controller while it lives. Without an unexpired grant of its present version
-- nobody is exposed.
CREATE TABLE canary_grant (
    canary     TEXT PRIMARY KEY REFERENCES canary (id),
    version    INTEGER NOT NULL,
    share      REAL    NOT NULL CHECK (share BETWEEN 0 AND 0.5),
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Workloads that nothing may move towards a candidate; an empty name stands for all.
CREATE TABLE freeze (
    workload TEXT PRIMARY KEY,
    actor    TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    at       INTEGER NOT NULL
) WITHOUT ROWID;
