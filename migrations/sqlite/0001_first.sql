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
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    workload     TEXT,
    description  TEXT    NOT NULL,
    input_schema TEXT,             -- JSON Schema that each item's input meets
    canary       TEXT    NOT NULL, -- stands in every export, to find it in what others were trained on
    head         INTEGER,          -- current version; none until the first publication
    deleted_at   INTEGER,
    created_at   INTEGER NOT NULL
);
-- A version is `staged` while its items arrive, a `draft` while people edit it (one a dataset), and `published` for good.
CREATE TABLE dataset_version (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset    INTEGER NOT NULL REFERENCES dataset (id),
    id         TEXT    NOT NULL, -- of a published one the hash of its content, else empty
    state      TEXT    NOT NULL CHECK (state IN ('staged', 'draft', 'published')),
    parent     INTEGER,
    items      INTEGER NOT NULL,
    author     TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX dataset_version_dataset ON dataset_version (dataset, seq);
CREATE UNIQUE INDEX dataset_draft ON dataset_version (dataset) WHERE state = 'draft';
CREATE TABLE dataset_item (
    hash       TEXT PRIMARY KEY,
    input_hash TEXT NOT NULL,
    body       TEXT NOT NULL,
    purged_at  INTEGER -- then `input_hash` is empty and `body` is {}
) WITHOUT ROWID;
CREATE INDEX dataset_item_input ON dataset_item (input_hash);
CREATE TABLE dataset_version_item (
    version INTEGER NOT NULL REFERENCES dataset_version (seq) ON DELETE CASCADE,
    ord     INTEGER NOT NULL,
    hash    TEXT    NOT NULL REFERENCES dataset_item (hash),
    item_id TEXT    NOT NULL,
    split   TEXT    NOT NULL, -- empty when it has none
    PRIMARY KEY (version, ord),
    UNIQUE (hash, version),
    UNIQUE (version, item_id)
) WITHOUT ROWID;
-- Items that people took out: an import does not bring them back. One of a draft counts once that is published.
CREATE TABLE dataset_tombstone (
    dataset INTEGER NOT NULL REFERENCES dataset (id),
    hash    TEXT    NOT NULL,
    item_id TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    author  TEXT    NOT NULL,
    draft   INTEGER,
    purged  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (dataset, hash)
) WITHOUT ROWID;

-- Who read a held-out split, and why. A version that decided often enough has been learned by heart.
CREATE TABLE heldout_access (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL REFERENCES dataset_version (seq) ON DELETE CASCADE,
    reader  TEXT    NOT NULL,
    purpose TEXT    NOT NULL CHECK (purpose IN ('gate', 'shown', 'export', 'check')),
    at      INTEGER NOT NULL
);
CREATE INDEX heldout_access_version ON heldout_access (version, purpose);
-- The two doors to items. What steers reads the first, which has no held-out item; the second shows nothing without an
-- access that is on the books.
CREATE VIEW item_open AS
    SELECT place.version, place.ord, place.item_id, place.split, item.hash, item.input_hash, item.body
    FROM dataset_version_item AS place JOIN dataset_item AS item ON item.hash = place.hash
    WHERE place.split <> 'heldout' AND item.purged_at IS NULL;
CREATE VIEW item_heldout AS
    SELECT access.seq AS access, place.version, place.ord, place.item_id, place.split, item.hash, item.input_hash, item.body
    FROM heldout_access AS access JOIN dataset_version_item AS place ON place.version = access.version
    JOIN dataset_item AS item ON item.hash = place.hash
    WHERE place.split = 'heldout' AND item.purged_at IS NULL;

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
