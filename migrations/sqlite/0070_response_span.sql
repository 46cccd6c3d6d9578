-- The request whose answer a stored turn is, so that a purge of the one reaches the other, and all turns that go on from it.
ALTER TABLE response ADD COLUMN span BLOB;
CREATE INDEX response_span ON response (span) WHERE span IS NOT NULL;
CREATE INDEX response_previous ON response (previous) WHERE previous IS NOT NULL;
