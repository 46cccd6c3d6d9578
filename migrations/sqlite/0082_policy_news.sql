-- What became of policy diffs and is still to be handed to the queue that tells the webhook.
CREATE TABLE policy_news (
    id     TEXT PRIMARY KEY,
    diff   TEXT    NOT NULL,
    event  TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    at     INTEGER NOT NULL
) WITHOUT ROWID;
