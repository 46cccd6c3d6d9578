-- Stored responses: the turns of conversations that callers continue by name.

-- One answered turn. `tenant` is the key that asked, and the only one that may read it. `document` is the response without
-- its output; `bytes` is what the whole turn takes.
CREATE TABLE response (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT    NOT NULL UNIQUE,
    tenant   TEXT    NOT NULL,
    previous TEXT,
    at       INTEGER NOT NULL,
    document TEXT    NOT NULL,
    bytes    INTEGER NOT NULL
);
CREATE INDEX response_tenant ON response (tenant, seq);
CREATE INDEX response_at ON response (at);

-- What was said in it, in order: input, then output.
CREATE TABLE response_item (
    response INTEGER NOT NULL REFERENCES response (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    output   INTEGER NOT NULL CHECK (output IN (0, 1)),
    id       TEXT    NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (response, position)
) WITHOUT ROWID;
CREATE INDEX response_item_id ON response_item (id);

-- What each tenant keeps, for its bound.
CREATE TABLE response_size (
    tenant TEXT    PRIMARY KEY,
    bytes  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER response_added AFTER INSERT ON response BEGIN
    INSERT INTO response_size (tenant, bytes) VALUES (new.tenant, new.bytes)
    ON CONFLICT (tenant) DO UPDATE SET bytes = bytes + new.bytes;
END;
CREATE TRIGGER response_removed AFTER DELETE ON response BEGIN
    UPDATE response_size SET bytes = bytes - old.bytes WHERE tenant = old.tenant;
END;
