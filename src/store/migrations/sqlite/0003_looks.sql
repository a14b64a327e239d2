-- Deals and leads to be looked at again at a time although nothing changes: a meeting is over then.
CREATE TABLE looks (
  record TEXT PRIMARY KEY,
  at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX looks_at ON looks (at, record);
