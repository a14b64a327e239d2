-- Tasks that went from an agent which knew of them without its doing: kept until it is told.
CREATE TABLE withdrawn (
  id    INTEGER PRIMARY KEY,
  task  TEXT NOT NULL,
  agent TEXT NOT NULL,
  at    INTEGER NOT NULL,
  why   TEXT NOT NULL
) STRICT;
