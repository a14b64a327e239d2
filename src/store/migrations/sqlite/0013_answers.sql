-- Answers to calls that named an idempotency key, and the orders that were taken: for some days, so that a repeated
-- call does nothing twice. `hash` is that of what was asked for.
CREATE TABLE answers (
  id     TEXT PRIMARY KEY,
  hash   TEXT NOT NULL,
  answer TEXT NOT NULL,
  at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_at ON answers (at);
