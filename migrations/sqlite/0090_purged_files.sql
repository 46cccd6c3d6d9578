-- Uploaded files that a purge found to hold an item's question, and left there. The item's words are gone by then, so a later
-- purge could not look for them; ids alone tell nothing of what was said.
CREATE TABLE purged_file (
    hash TEXT NOT NULL REFERENCES dataset_item (hash) ON DELETE CASCADE,
    file TEXT NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    PRIMARY KEY (hash, file)
) WITHOUT ROWID;
CREATE INDEX purged_file_file ON purged_file (file);
