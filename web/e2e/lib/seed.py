"""Copies one recorded request many times within the store of a running weir, so that a long list has something to hold.
Usage: seed.py DATA_FOLDER N. The copies lie further back in time, a second apart."""

import pathlib
import sqlite3
import sys

data, wanted = pathlib.Path(sys.argv[1]), int(sys.argv[2])
db = sqlite3.connect(next(data.glob("*.db")), timeout=30)
columns = [row[1] for row in db.execute("PRAGMA table_info(span)") if row[1] not in ("seq", "id", "started_at")]
names = ", ".join(columns)
with db:
    db.execute("BEGIN IMMEDIATE")
    (newest,) = db.execute("SELECT max(seq) FROM span WHERE status = 'ok' AND origin = 'client'").fetchone()
    (before,) = db.execute("SELECT max(seq) FROM span").fetchone()
    db.execute(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        f"INSERT INTO span (id, started_at, {names}) "
        f"SELECT randomblob(16), started_at - (? - i) * 1000000, {names} FROM n, span WHERE seq = ?",
        (wanted, wanted, newest),
    )
    db.execute(
        "INSERT INTO span_body (seq, body, request, response, truncated) "
        "SELECT span.seq, b.body, b.request, b.response, b.truncated FROM span, span_body b WHERE span.seq > ? AND b.seq = ?",
        (before, newest),
    )
print(f"{wanted} requests copied")
