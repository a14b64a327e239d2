-- Mails and meetings: who took part, what they belong to, and what is still to be linked.

ALTER TABLE emails ADD COLUMN sender TEXT;
ALTER TABLE emails ADD COLUMN message_id TEXT;
ALTER TABLE emails ADD COLUMN thread TEXT;
ALTER TABLE emails ADD COLUMN automatic TEXT;

ALTER TABLE meetings ADD COLUMN sender TEXT;
ALTER TABLE meetings ADD COLUMN uid TEXT;
ALTER TABLE meetings ADD COLUMN occurrence TEXT;
ALTER TABLE meetings ADD COLUMN sequence INTEGER;
ALTER TABLE meetings ADD COLUMN status TEXT;

-- Addresses of mails and meetings, the host's labels in reverse order before the local part
-- (`example.acme.mail@ann`), so that one index finds an address and everybody of a domain.
CREATE TABLE participants (
  place  TEXT NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (place, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX participants_record ON participants (record);

-- What makes mails one conversation: Message-IDs that a mail refers to, and its source's id of the conversation.
CREATE TABLE mail_refs (
  key    TEXT NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (key, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_refs_record ON mail_refs (record);

-- Mails and meetings to be linked, once `due` has come. `mark` rises with every new reason.
CREATE TABLE unrelated (
  record TEXT PRIMARY KEY,
  due    INTEGER NOT NULL,
  mark   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unrelated_due ON unrelated (due, record);
INSERT INTO unrelated SELECT id, 0, 0 FROM emails UNION ALL SELECT id, 0, 0 FROM meetings;

-- What changed around past activities and has not yet been passed on to `unrelated`: an address, a domain, a
-- contact, a company or a deal. `place` and `record` say how far that got.
CREATE TABLE revisits (
  what   TEXT NOT NULL,
  name   TEXT NOT NULL,
  place  TEXT NOT NULL DEFAULT '',
  record TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (what, name)
) STRICT, WITHOUT ROWID;

-- Mails and meetings that were linked, even if to nothing.
CREATE TABLE activities (
  record    TEXT PRIMARY KEY,
  kind      TEXT NOT NULL,
  at        INTEGER NOT NULL,
  direction TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What they belong to: deals, contacts, companies.
CREATE TABLE activity_links (
  activity  TEXT NOT NULL,
  record    TEXT NOT NULL,
  kind      TEXT NOT NULL,
  how       TEXT NOT NULL,
  ambiguous INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (activity, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX activity_links_record ON activity_links (record, at);
