-- Labels by people, and what is made of them.

-- Which share of a judge's grades people are asked about. `after_score` is the newest score that was looked at.
CREATE TABLE label_plan (
    scorer      TEXT    PRIMARY KEY,
    share       REAL    NOT NULL CHECK (share BETWEEN 0 AND 1),
    after_score INTEGER NOT NULL,
    author      TEXT    NOT NULL,
    at          INTEGER NOT NULL
) WITHOUT ROWID;

-- One answer to label. The judge's grade stands here and is shown to nobody who has not labelled it. `p_select` is the
-- probability with which it was drawn: without it a mean over labels is no mean over traffic.
CREATE TABLE label_task (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    span_id      BLOB    NOT NULL,
    workload     TEXT    NOT NULL,
    deployment   TEXT    NOT NULL,
    scorer       TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    grade        REAL    NOT NULL CHECK (grade BETWEEN 0 AND 1),
    p_select     REAL    NOT NULL CHECK (p_select > 0 AND p_select <= 1),
    wanted       INTEGER NOT NULL, -- labels; two for a tenth, to see how far people agree
    owner        TEXT,
    locked_until INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    UNIQUE (span_id, scorer, version)
);
CREATE INDEX label_task_scorer ON label_task (scorer, version, seq);

CREATE TABLE label (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    task      INTEGER NOT NULL REFERENCES label_task (seq),
    annotator TEXT    NOT NULL,
    value     REAL    NOT NULL CHECK (value BETWEEN 0 AND 1),
    note      TEXT    NOT NULL,
    seconds   REAL,
    at        INTEGER NOT NULL,
    UNIQUE (task, annotator)
);

CREATE TABLE label_skip (
    task      INTEGER NOT NULL REFERENCES label_task (seq),
    annotator TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (task, annotator)
) WITHOUT ROWID;

-- Labelled answers that a judge grades again and again, to see whether it still says what it said. Setting them anew
-- begins a new line of runs.
CREATE TABLE anchor_plan (
    scorer    TEXT    PRIMARY KEY,
    every_s   INTEGER NOT NULL,
    set_at    INTEGER NOT NULL,
    wanted_at INTEGER NOT NULL -- somebody asked for a run
) WITHOUT ROWID;
CREATE TABLE anchor (
    scorer TEXT    NOT NULL REFERENCES anchor_plan (scorer),
    task   INTEGER NOT NULL REFERENCES label_task (seq),
    human  REAL    NOT NULL,
    PRIMARY KEY (scorer, task)
) WITHOUT ROWID;
CREATE TABLE anchor_run (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    scorer      TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    graded      INTEGER NOT NULL,
    unscored    INTEGER NOT NULL,
    mean_error  REAL,             -- judge less people
    shift       REAL,             -- against the first run of this version and set; none in that one
    shift_error REAL,
    flips       INTEGER,          -- passes that became fails or the other way, against the run before
    drifted     INTEGER NOT NULL
);
CREATE INDEX anchor_run_scorer ON anchor_run (scorer, seq);
CREATE TABLE anchor_grade (
    run   INTEGER NOT NULL REFERENCES anchor_run (seq) ON DELETE CASCADE,
    task  INTEGER NOT NULL,
    grade REAL    NOT NULL CHECK (grade BETWEEN 0 AND 1),
    PRIMARY KEY (run, task)
) WITHOUT ROWID;
