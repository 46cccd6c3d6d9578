-- Eval runs: what was ordered, which items were chosen, what each arm answered, and what scorers said of it. Grades of
-- runs stand apart from the score log: nobody's traffic, never in a window.

CREATE TABLE experiment_run (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    suite           TEXT    NOT NULL,
    suite_version   TEXT    NOT NULL,
    workload        TEXT    NOT NULL,
    dataset         TEXT    NOT NULL,
    dataset_version TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    verdict         TEXT,
    message         TEXT    NOT NULL,
    actor           TEXT    NOT NULL,
    git_sha         TEXT,
    total           INTEGER NOT NULL, -- answers wanted
    cost_nano       INTEGER NOT NULL, -- of judges; answers carry their own
    created_at      INTEGER NOT NULL,
    started_at      INTEGER,
    ended_at        INTEGER,
    worker          TEXT    NOT NULL, -- whose lease it is; empty for nobody's
    lease_until     INTEGER NOT NULL,
    body            TEXT    NOT NULL
);
CREATE INDEX experiment_run_suite ON experiment_run (suite, seq);
CREATE INDEX experiment_run_open ON experiment_run (status) WHERE status IN ('queued', 'running', 'cancelling');

CREATE TABLE run_item (
    run   INTEGER NOT NULL REFERENCES experiment_run (seq),
    ord   INTEGER NOT NULL,
    hash  TEXT    NOT NULL REFERENCES dataset_item (hash),
    PRIMARY KEY (run, ord)
) WITHOUT ROWID;

-- One answer, or why there is none. `output` is what was said, as scorers read it, so that it can be graded again
-- after the request's own text is purged.
CREATE TABLE run_output (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    run           INTEGER NOT NULL REFERENCES experiment_run (seq),
    ord           INTEGER NOT NULL,
    arm           TEXT    NOT NULL,
    trial         INTEGER NOT NULL,
    output        TEXT,
    error         TEXT,
    span_id       BLOB,
    deployment    TEXT,
    cost_nano     INTEGER,
    latency_us    INTEGER,
    input_tokens  INTEGER,
    output_tokens INTEGER,
    at            INTEGER NOT NULL,
    UNIQUE (run, ord, arm, trial),
    CHECK ((output IS NULL) <> (error IS NULL))
);

CREATE TABLE run_score (
    output      INTEGER NOT NULL REFERENCES run_output (seq) ON DELETE CASCADE,
    scorer      TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    grade       REAL    CHECK (grade BETWEEN 0 AND 1),
    raw         REAL,
    unscored    TEXT,
    explanation TEXT,
    cost_nano   INTEGER NOT NULL,
    PRIMARY KEY (output, scorer),
    CHECK ((grade IS NULL) <> (unscored IS NULL))
) WITHOUT ROWID;

-- Deployments that a failed gate has taken out of a workload's ordinary traffic, kept after they were let back.
CREATE TABLE quarantine (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    workload   TEXT    NOT NULL,
    deployment TEXT    NOT NULL,
    model      TEXT    NOT NULL, -- what it answered as when it failed; empty when unnamed
    run        TEXT,
    reason     TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    lifted_at  INTEGER,
    lifted_by  TEXT
);
CREATE UNIQUE INDEX quarantine_active ON quarantine (workload, deployment) WHERE lifted_at IS NULL;

-- Objects of other products' interfaces, as their clients sent them.
CREATE TABLE compat_object (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    parent     TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (kind, tenant, id)
);
CREATE INDEX compat_object_parent ON compat_object (kind, tenant, parent, seq);
