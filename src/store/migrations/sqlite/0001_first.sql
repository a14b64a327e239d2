-- Times are milliseconds since the epoch, ids the text of a UUID, amounts minor units; JSON is never read by SQL.

CREATE TABLE leases (
  name     TEXT PRIMARY KEY,
  epoch    INTEGER NOT NULL,
  acquired INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per (connection, kind) ever seen. Its number stands for the pair in every narrow table.
CREATE TABLE streams (
  id              INTEGER PRIMARY KEY,
  connection      TEXT NOT NULL,
  kind            TEXT NOT NULL,
  as_of           INTEGER,
  first_caught_up INTEGER,
  gap             INTEGER,
  last_page       INTEGER,
  trouble         TEXT,
  trouble_since   INTEGER,
  census_began    INTEGER,
  UNIQUE (connection, kind)
) STRICT;

CREATE TABLE cursors (
  stream  INTEGER NOT NULL REFERENCES streams (id),
  pass    TEXT NOT NULL,
  version INTEGER NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (stream, pass)
) STRICT, WITHOUT ROWID;

-- Ids that a running census has seen.
CREATE TABLE census_marks (
  stream INTEGER NOT NULL,
  ext_id TEXT NOT NULL,
  PRIMARY KEY (stream, ext_id)
) STRICT, WITHOUT ROWID;

-- Which canonical record a source's record belongs to: the only thing that a merge changes.
-- `raw` is the row in raw_records, `sets` a bit per kind whose set of associations is known.
CREATE TABLE links (
  stream      INTEGER NOT NULL,
  ext_id      TEXT NOT NULL,
  record      TEXT NOT NULL,
  version_at  INTEGER,
  version_tag TEXT,
  modified    INTEGER NOT NULL,
  first_seen  INTEGER NOT NULL,
  raw         INTEGER,
  sets        INTEGER NOT NULL,
  gone        TEXT,
  gone_at     INTEGER,
  PRIMARY KEY (stream, ext_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_record ON links (record);

-- The vendor's JSON as it came.
CREATE TABLE raw_records (
  id   INTEGER PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;

-- Associations as the source of `stream` states them.
CREATE TABLE associations (
  stream     INTEGER NOT NULL,
  ext_id     TEXT NOT NULL,
  to_stream  INTEGER NOT NULL,
  to_id      TEXT NOT NULL,
  is_primary INTEGER NOT NULL,
  PRIMARY KEY (stream, ext_id, to_stream, to_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX associations_back ON associations (to_stream, to_id, stream);

CREATE TABLE match_keys (
  kind   INTEGER NOT NULL,
  value  TEXT NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (kind, value, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX match_keys_record ON match_keys (record);

CREATE TABLE parked (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  stream   INTEGER NOT NULL REFERENCES streams (id),
  ext_id   TEXT,
  reason   TEXT NOT NULL,
  since    INTEGER NOT NULL,
  raw      BLOB NOT NULL,
  retrying INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX parked_ref ON parked (stream, ext_id) WHERE ext_id IS NOT NULL;

-- Canonical records. `empty` has a bit per column (in the order of columns.rs) whose value is known to be
-- empty; `extra` holds fields without a column; `provenance` is written only with two or more sources.
CREATE TABLE companies (
  id TEXT PRIMARY KEY,
  name TEXT, domain TEXT, phone TEXT, lifecycle TEXT, industry TEXT, city TEXT, country TEXT,
  employees INTEGER, owner TEXT, created_at INTEGER, segment TEXT,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;

CREATE TABLE contacts (
  id TEXT PRIMARY KEY,
  name TEXT, email TEXT, first_name TEXT, last_name TEXT, phone TEXT, job_title TEXT, lifecycle TEXT,
  lead_status TEXT, city TEXT, country TEXT, owner TEXT, stage TEXT, created_at INTEGER, segment TEXT,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;
CREATE INDEX contacts_leads ON contacts (lead_status) WHERE lead_status IS NOT NULL AND gone IS NULL;

CREATE TABLE deals (
  id TEXT PRIMARY KEY,
  name TEXT, owner TEXT, amount_minor INTEGER, amount_currency TEXT, source_stage TEXT, stage TEXT,
  outcome TEXT, close_date INTEGER, created_at INTEGER, segment TEXT,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;
CREATE INDEX deals_figures ON deals (outcome, stage, created_at, close_date) WHERE gone IS NULL;

CREATE TABLE owners (
  id TEXT PRIMARY KEY,
  name TEXT, email TEXT, first_name TEXT, last_name TEXT, done INTEGER,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;

CREATE TABLE pipelines (
  id TEXT PRIMARY KEY,
  name TEXT, stage TEXT, outcome TEXT, done INTEGER, won INTEGER, probability INTEGER, position INTEGER,
  pipeline_name TEXT,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;

CREATE TABLE crm_tasks (
  id TEXT PRIMARY KEY,
  name TEXT, owner TEXT, created_at INTEGER, body TEXT, at INTEGER, done INTEGER, result TEXT, agent TEXT,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;

CREATE TABLE notes (
  id TEXT PRIMARY KEY,
  name TEXT, owner TEXT, created_at INTEGER, body TEXT, at INTEGER,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;

CREATE TABLE emails (
  id TEXT PRIMARY KEY,
  name TEXT, owner TEXT, created_at INTEGER, body TEXT, at INTEGER,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;

CREATE TABLE meetings (
  id TEXT PRIMARY KEY,
  name TEXT, owner TEXT, created_at INTEGER, body TEXT, at INTEGER, end_at INTEGER, result TEXT,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;

CREATE TABLE calls (
  id TEXT PRIMARY KEY,
  name TEXT, owner TEXT, created_at INTEGER, body TEXT, at INTEGER, end_at INTEGER, result TEXT,
  empty INTEGER NOT NULL, extra TEXT, provenance TEXT, stage_since INTEGER, gone TEXT
) STRICT;

-- The audit log. `data` is the event's JSON, absent where the kind says everything.
CREATE TABLE events (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  subject TEXT,
  source  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  data    TEXT
) STRICT;
CREATE INDEX events_subject ON events (subject) WHERE subject IS NOT NULL;
CREATE INDEX events_moves ON events (at) WHERE kind = 'stage_entered';

-- Deals and leads whose progress is to be looked at. `mark` rises with every new reason, `since` does not.
CREATE TABLE dirty (
  record TEXT PRIMARY KEY,
  since  INTEGER NOT NULL,
  mark   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX dirty_since ON dirty (since);

-- `body` is the write as JSON, `hash` that of what it sends, `field` what it sets, `due` the time of retry and
-- verify, `epoch` the run that last claimed it, `looking` the run in which someone is looking for it.
CREATE TABLE outbox (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  key         TEXT NOT NULL UNIQUE,
  hash        TEXT NOT NULL,
  connection  TEXT NOT NULL,
  kind        TEXT NOT NULL,
  target_kind TEXT NOT NULL,
  target_id   TEXT NOT NULL,
  field       TEXT,
  task        TEXT,
  body        TEXT NOT NULL,
  state       TEXT NOT NULL,
  due         INTEGER,
  detail      TEXT,
  attempt     INTEGER NOT NULL DEFAULT 0,
  epoch       INTEGER,
  sent        INTEGER,
  looking     INTEGER,
  decided     INTEGER NOT NULL,
  changed     INTEGER NOT NULL,
  note        TEXT,
  receipt     TEXT
) STRICT;
CREATE INDEX outbox_target ON outbox (connection, target_kind, target_id, id);
CREATE INDEX outbox_waiting ON outbox (connection, state, id);
CREATE INDEX outbox_run ON outbox (epoch, connection, kind) WHERE epoch IS NOT NULL;
CREATE INDEX outbox_task ON outbox (task) WHERE task IS NOT NULL;
CREATE INDEX outbox_state ON outbox (state, changed);

-- Our tasks. `ref_stream`/`ref_id` name the CRM task that stands for one.
CREATE TABLE tasks (
  id             TEXT PRIMARY KEY,
  action         TEXT NOT NULL,
  title          TEXT NOT NULL,
  subject        TEXT NOT NULL,
  record         TEXT,
  stage          TEXT NOT NULL,
  responsibility TEXT NOT NULL,
  meant_for      TEXT,
  need           TEXT NOT NULL,
  unit           TEXT,
  priority       INTEGER NOT NULL,
  rank           INTEGER NOT NULL,
  arrived        INTEGER NOT NULL,
  allowed_hours  INTEGER NOT NULL,
  due            INTEGER,
  holder         TEXT,
  state          TEXT NOT NULL,
  why            TEXT,
  cause          TEXT NOT NULL,
  enterprise     INTEGER,
  assigned_at    INTEGER,
  ended_at       INTEGER,
  ref_stream     INTEGER,
  ref_id         TEXT,
  done_at_source INTEGER
) STRICT;
CREATE INDEX tasks_queue ON tasks (rank, id) WHERE state = 'queued';
CREATE INDEX tasks_record ON tasks (record) WHERE record IS NOT NULL;
CREATE INDEX tasks_holder ON tasks (holder, state, ended_at, due) WHERE holder IS NOT NULL;
CREATE INDEX tasks_state ON tasks (state, due);
CREATE UNIQUE INDEX tasks_ref ON tasks (ref_stream, ref_id) WHERE ref_id IS NOT NULL;

-- Every decision with its reasons; of decisions that placed nobody only the last.
CREATE TABLE assignments (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  task   TEXT NOT NULL REFERENCES tasks (id),
  placed INTEGER NOT NULL,
  body   TEXT NOT NULL
) STRICT;
CREATE INDEX assignments_task ON assignments (task, placed);

-- One holder per part of a deal or lead, for as long as it has open tasks there.
CREATE TABLE responsibilities (
  subject        TEXT NOT NULL,
  responsibility TEXT NOT NULL,
  holder         TEXT NOT NULL,
  open           INTEGER NOT NULL,
  PRIMARY KEY (subject, responsibility)
) STRICT, WITHOUT ROWID;

CREATE TABLE agents (
  agent         TEXT PRIMARY KEY,
  paused        INTEGER NOT NULL DEFAULT 0,
  resumed       INTEGER,
  last_assigned INTEGER,
  -- The board's revision in which its load or pause last changed.
  revision      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX agents_revision ON agents (revision);

-- Open work per agent and unit, kept by the transactions that place and end tasks.
CREATE TABLE agent_loads (
  agent TEXT NOT NULL,
  unit  TEXT NOT NULL,
  open  INTEGER NOT NULL,
  PRIMARY KEY (agent, unit)
) STRICT, WITHOUT ROWID;

-- Open tasks per agent, unit and subject, for units that count subjects once.
CREATE TABLE agent_subjects (
  agent   TEXT NOT NULL,
  unit    TEXT NOT NULL,
  subject TEXT NOT NULL,
  open    INTEGER NOT NULL,
  PRIMARY KEY (agent, unit, subject)
) STRICT, WITHOUT ROWID;

-- Work started, in buckets of a quarter of an hour: every zone's week begins on the edge of one.
CREATE TABLE agent_starts (
  agent  TEXT NOT NULL,
  unit   TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (agent, unit, bucket)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_starts_bucket ON agent_starts (bucket);

-- Decayed results per agent and action, in thousandths of a case, as of `at`.
CREATE TABLE agent_records (
  agent  TEXT NOT NULL,
  action TEXT NOT NULL,
  won    INTEGER NOT NULL,
  total  INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (agent, action)
) STRICT, WITHOUT ROWID;
