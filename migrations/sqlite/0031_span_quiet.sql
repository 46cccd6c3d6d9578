-- Rules that wait until a session is quiet look for its newest answers.
CREATE INDEX span_session ON span (session, started_at) WHERE session IS NOT NULL;
