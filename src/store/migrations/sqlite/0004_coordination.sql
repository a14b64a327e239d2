-- Agents that speak: offers, messages, handoffs, escalations, results, tokens.

-- `offer_until` is set while a task is reserved, `status_at` the sender's time of the last status that counted,
-- `told` once the holder has its TASK message, `alarmed` once its being overdue was escalated.
ALTER TABLE tasks ADD COLUMN offer_until INTEGER;
ALTER TABLE tasks ADD COLUMN progress INTEGER;
ALTER TABLE tasks ADD COLUMN metrics TEXT;
ALTER TABLE tasks ADD COLUMN outcome TEXT;
ALTER TABLE tasks ADD COLUMN params TEXT;
ALTER TABLE tasks ADD COLUMN status_at INTEGER;
ALTER TABLE tasks ADD COLUMN told INTEGER;
ALTER TABLE tasks ADD COLUMN alarmed INTEGER;
CREATE INDEX tasks_offers ON tasks (offer_until) WHERE state = 'offered';
CREATE INDEX tasks_untold ON tasks (id) WHERE state = 'offered' AND told IS NULL;
CREATE INDEX tasks_late ON tasks (due) WHERE ended_at IS NULL AND due IS NOT NULL AND alarmed IS NULL;

-- Who passed on a task: for good, or until then.
CREATE TABLE task_passes (
  task   TEXT NOT NULL,
  agent  TEXT NOT NULL,
  how    TEXT NOT NULL,
  at     INTEGER NOT NULL,
  until  INTEGER,
  why    TEXT NOT NULL,
  PRIMARY KEY (task, agent)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_passes_until ON task_passes (until) WHERE until IS NOT NULL;

-- `hash` is that of what is said, `effect` what came of it as JSON. `push` is waiting, sending, done or failed for
-- a message that we deliver ourselves.
CREATE TABLE messages (
  seq          INTEGER PRIMARY KEY AUTOINCREMENT,
  id           TEXT NOT NULL UNIQUE,
  hash         TEXT NOT NULL,
  conversation TEXT NOT NULL,
  sender       TEXT NOT NULL,
  receiver     TEXT NOT NULL,
  kind         TEXT NOT NULL,
  sent_at      INTEGER NOT NULL,
  received_at  INTEGER NOT NULL,
  body         TEXT NOT NULL,
  effect       TEXT NOT NULL,
  push         TEXT,
  push_due     INTEGER,
  push_attempt INTEGER NOT NULL DEFAULT 0,
  push_note    TEXT
) STRICT;
CREATE INDEX messages_conversation ON messages (conversation, seq);
CREATE INDEX messages_receiver ON messages (receiver, seq);
CREATE INDEX messages_sender ON messages (sender, seq);
CREATE INDEX messages_push ON messages (push_due) WHERE push IN ('waiting', 'sending');

-- `receiver` is the agent that must confirm, if one must.
CREATE TABLE handoffs (
  id             TEXT PRIMARY KEY,
  subject        TEXT NOT NULL,
  record         TEXT,
  sender         TEXT NOT NULL,
  target         TEXT NOT NULL,
  receiver       TEXT,
  milestone      TEXT NOT NULL,
  context        TEXT NOT NULL,
  status         TEXT NOT NULL,
  requested      INTEGER NOT NULL,
  due            INTEGER,
  changed        INTEGER NOT NULL,
  by             TEXT NOT NULL,
  reason         TEXT,
  message        TEXT NOT NULL,
  person_decides INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX handoffs_one ON handoffs (subject, target) WHERE status IN ('REQUESTED', 'TIMED_OUT', 'CONFIRMED');
CREATE INDEX handoffs_record ON handoffs (record, requested);
CREATE INDEX handoffs_open ON handoffs (status, due) WHERE status IN ('REQUESTED', 'TIMED_OUT', 'CONFIRMED');
CREATE INDEX handoffs_receiver ON handoffs (receiver) WHERE receiver IS NOT NULL;

CREATE TABLE escalations (
  id         TEXT PRIMARY KEY,
  subject    TEXT,
  record     TEXT,
  task       TEXT,
  sender     TEXT NOT NULL,
  receiver   TEXT,
  reason     TEXT NOT NULL,
  request    TEXT NOT NULL,
  context    TEXT NOT NULL,
  level      TEXT NOT NULL,
  status     TEXT NOT NULL,
  opened     INTEGER NOT NULL,
  due        INTEGER,
  told       INTEGER NOT NULL,
  changed    INTEGER NOT NULL,
  by         TEXT NOT NULL,
  resolution TEXT,
  message    TEXT
) STRICT;
CREATE INDEX escalations_record ON escalations (record, opened);
CREATE INDEX escalations_open ON escalations (due) WHERE status <> 'RESOLVED';

CREATE TABLE documents (
  id   INTEGER PRIMARY KEY AUTOINCREMENT,
  task TEXT NOT NULL REFERENCES tasks (id),
  by   TEXT NOT NULL,
  at   INTEGER NOT NULL,
  body TEXT NOT NULL,
  -- Set once it was looked at whether all agents get it.
  spread INTEGER
) STRICT;
CREATE INDEX documents_task ON documents (task);
CREATE INDEX documents_new ON documents (id) WHERE spread IS NULL;

-- One row per task that ended with an outcome, with what was known of its deal then.
CREATE TABLE outcomes (
  task       TEXT PRIMARY KEY,
  agent      TEXT NOT NULL,
  action     TEXT NOT NULL,
  stage      TEXT NOT NULL,
  record     TEXT,
  at         INTEGER NOT NULL,
  success    INTEGER NOT NULL,
  on_time    INTEGER NOT NULL,
  amount     INTEGER,
  currency   TEXT,
  age        INTEGER,
  segment    TEXT,
  enterprise INTEGER
) STRICT;
CREATE INDEX outcomes_at ON outcomes (at);

CREATE TABLE learnings (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  by      TEXT NOT NULL,
  task    TEXT NOT NULL,
  stage   TEXT NOT NULL,
  segment TEXT,
  action  TEXT NOT NULL,
  outcome TEXT NOT NULL,
  text    TEXT NOT NULL
) STRICT;
CREATE INDEX learnings_place ON learnings (stage, action, id);

-- Triggers that were raised; `done` once their tasks exist.
CREATE TABLE raised (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  trigger  TEXT NOT NULL,
  occasion TEXT NOT NULL,
  subject  TEXT NOT NULL,
  params   TEXT NOT NULL,
  by       TEXT NOT NULL,
  at       INTEGER NOT NULL,
  done     INTEGER,
  UNIQUE (trigger, occasion)
) STRICT;
CREATE INDEX raised_waiting ON raised (id) WHERE done IS NULL;

-- `hash` is that of the secret; the secret is nowhere.
CREATE TABLE tokens (
  hash       TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  role       TEXT NOT NULL,
  agent      TEXT,
  created    INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires    INTEGER,
  revoked    INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked IS NULL;
