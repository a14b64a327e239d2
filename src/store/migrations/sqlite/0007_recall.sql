-- What decisions rested on, so that each can be made again: who could do what, what agents carried, and what was known
-- of the task.

CREATE TABLE routings (
  id   INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL
) STRICT;

-- Decisions that were committed together.
CREATE TABLE turns (
  id      INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  routing INTEGER NOT NULL REFERENCES routings (id)
) STRICT;

-- What an agent carried, from this turn on until its next row.
CREATE TABLE carried (
  id    INTEGER PRIMARY KEY,
  agent TEXT NOT NULL,
  turn  INTEGER NOT NULL REFERENCES turns (id),
  body  TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX carried_agent ON carried (agent, turn);

ALTER TABLE assignments ADD COLUMN turn INTEGER REFERENCES turns (id);
ALTER TABLE assignments ADD COLUMN basis TEXT;
CREATE INDEX assignments_turn ON assignments (turn, id) WHERE turn IS NOT NULL;
