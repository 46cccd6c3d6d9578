-- Files that clients of OpenAI's upload, the rows of an eval for one. `tenant` is the key that sent it, and the only one
-- that may read it. The content comes last, so that a list does not read it.
CREATE TABLE file (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant     TEXT    NOT NULL,
    id         TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    purpose    TEXT    NOT NULL,
    bytes      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    content    BLOB    NOT NULL
);
CREATE INDEX file_tenant ON file (tenant, seq);
CREATE INDEX file_expires ON file (expires_at) WHERE expires_at IS NOT NULL;
