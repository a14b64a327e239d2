-- Written from the definitions, not from the code. :now and :day are put in by the test.
CREATE TEMP TABLE rank (stage TEXT, n INTEGER);
INSERT INTO rank VALUES ('awareness', 1), ('lead_generation', 2), ('qualification', 3), ('demonstration', 4),
  ('proposal', 5), ('negotiation', 6), ('close', 7);
CREATE TEMP TABLE steps AS SELECT subject AS id, at, data ->> 'from' AS f, data ->> 'to' AS t,
  (SELECT n FROM rank WHERE stage = data ->> 'from') AS fn, (SELECT n FROM rank WHERE stage = data ->> 'to') AS tn
  FROM events WHERE kind = 'stage_entered';
CREATE TEMP TABLE ends AS SELECT subject AS id, at, data ->> 'to' AS o FROM events WHERE kind = 'outcome_changed';
CREATE INDEX temp.steps_id ON steps (id, at);
CREATE INDEX temp.ends_id ON ends (id, at);

-- In which stage each deal was, from when until when.
CREATE TEMP TABLE spells AS
  SELECT id, t AS stage, at AS since, coalesce(lead(at) OVER (PARTITION BY id ORDER BY at), 1e18) AS until FROM steps
  UNION ALL SELECT s.id, s.f, -1e18, s.at FROM steps AS s
    WHERE s.at = (SELECT min(at) FROM steps AS x WHERE x.id = s.id)
  UNION ALL SELECT id, stage, -1e18, 1e18 FROM deals WHERE id NOT IN (SELECT id FROM steps);
CREATE INDEX temp.spells_id ON spells (id, since);

CREATE TEMP TABLE owner AS SELECT stage, record, holder AS agent FROM (
  SELECT stage, record, holder, row_number() OVER (
    PARTITION BY stage, record ORDER BY coalesce(assigned_at, arrived) DESC, id DESC) AS k
  FROM tasks WHERE responsibility = 'primary' AND holder IS NOT NULL) WHERE k = 1;
CREATE INDEX temp.owner_record ON owner (record, stage);

CREATE TEMP TABLE mail AS
  SELECT a.record AS id, a.at, a.direction,
    (SELECT l.record FROM activity_links AS l WHERE l.activity = a.record AND l.kind = 'contact') AS contact,
    (SELECT l.record FROM activity_links AS l WHERE l.activity = a.record AND l.kind = 'deal') AS deal
  FROM activities AS a JOIN emails AS e ON e.id = a.record WHERE a.kind = 'email' AND e.automatic IS NULL;
CREATE TEMP TABLE wrote AS
  SELECT contact, at FROM mail WHERE direction = 'inbound'
  UNION ALL SELECT record, arrived FROM tasks WHERE action = 'HANDLE_RESPONSE';
CREATE TEMP TABLE touching AS SELECT contact, deal, at FROM mail AS m
  WHERE direction = 'outbound' AND at <= :now AND NOT EXISTS (
    SELECT 1 FROM wrote AS w WHERE w.contact = m.contact AND w.at < m.at AND w.at > m.at - 90 * :day)
  AND NOT EXISTS (SELECT 1 FROM spells AS s JOIN rank AS r ON r.stage = s.stage
    WHERE s.id = m.deal AND s.since <= m.at AND m.at < s.until AND r.n > 2);
CREATE TEMP TABLE touches AS
  SELECT contact AS who, at,
    coalesce((SELECT agent FROM owner WHERE record = deal AND stage = 'lead_generation'),
      (SELECT agent FROM owner WHERE record = contact AND stage = 'lead_generation'), 'WAKE.SDRFORGE') AS agent
  FROM touching
  UNION ALL SELECT record, ended_at, holder FROM tasks AS t
  WHERE unit = 'outreach' AND state = 'done' AND NOT EXISTS (
    SELECT 1 FROM touching AS m WHERE t.record IN (m.contact, m.deal) AND m.at BETWEEN t.arrived AND t.ended_at);

CREATE TEMP TABLE met AS
  SELECT m.id, m.at AS start, m.end_at AS finish, min(m.created_at, m.at) AS booked, lower(m.name) LIKE '%demo%' AS demo,
    CASE WHEN m.status = 'cancelled' THEN 'cancelled' WHEN m.result = 'no_show' THEN 'missed'
      WHEN m.end_at > :now THEN 'booked' ELSE 'held' END AS standing,
    (SELECT l.record FROM activity_links AS l WHERE l.activity = m.id AND l.kind = 'contact') AS contact,
    (SELECT l.record FROM activity_links AS l WHERE l.activity = m.id AND l.kind = 'deal') AS deal
  FROM meetings AS m WHERE NOT (m.result = 'rescheduled' AND m.end_at <= :now);
ALTER TABLE met ADD COLUMN stage TEXT;
UPDATE met SET stage =
  (SELECT s.stage FROM spells AS s WHERE s.id = met.deal AND s.since <= met.start AND met.start < s.until);
UPDATE met SET demo = 1 WHERE stage = 'demonstration';
CREATE TEMP TABLE booking AS SELECT * FROM met AS m WHERE booked <= :now AND NOT EXISTS (
  SELECT 1 FROM met AS h WHERE h.standing = 'held' AND (h.contact = m.contact OR h.deal = m.deal)
    AND h.finish < m.booked AND h.finish > m.booked - 90 * :day);
CREATE TEMP TABLE bookings AS
  SELECT booked AS at, coalesce(
    (SELECT agent FROM owner WHERE record = deal AND stage = 'lead_generation'),
    (SELECT agent FROM owner WHERE record = contact AND stage = 'lead_generation'), 'WAKE.SDRFORGE') AS agent
  FROM booking
  UNION ALL SELECT ended_at, holder FROM tasks AS t
  WHERE action = 'BOOK_MEETING' AND state = 'done' AND coalesce(outcome, 'success') = 'success' AND NOT EXISTS (
    SELECT 1 FROM booking AS b WHERE t.record IN (b.contact, b.deal) AND b.booked BETWEEN t.arrived AND t.ended_at);

CREATE TEMP TABLE call AS SELECT * FROM met WHERE standing = 'held' AND NOT demo AND stage = 'qualification';
CREATE TEMP TABLE calls AS
  SELECT finish AS at, coalesce(
    (SELECT agent FROM owner WHERE record = deal AND stage = 'qualification'),
    (SELECT agent FROM owner WHERE record = contact AND stage = 'qualification'), 'WAKE.LSHSALES') AS agent
  FROM call
  UNION ALL SELECT ended_at, holder FROM tasks AS t
  WHERE action = 'DISCOVERY_CALL' AND state = 'done' AND coalesce(outcome, 'success') = 'success' AND NOT EXISTS (
    SELECT 1 FROM call AS c WHERE t.record IN (c.contact, c.deal) AND c.start BETWEEN t.arrived AND t.ended_at);

CREATE TEMP TABLE demo AS SELECT * FROM met WHERE standing <> 'booked' AND demo;
CREATE TEMP TABLE demos AS
  SELECT start AS at, deal, standing = 'held' AS held, coalesce(
    (SELECT agent FROM owner WHERE record = deal AND stage = 'demonstration'),
    (SELECT agent FROM owner WHERE record = contact AND stage = 'demonstration'), 'WAKE.LSHSALES') AS agent
  FROM demo
  UNION ALL SELECT ended_at, record, state = 'done' AND coalesce(outcome, 'success') = 'success', holder FROM tasks AS t
  WHERE action = 'DELIVER_DEMO' AND state IN ('done', 'failed') AND NOT EXISTS (
    SELECT 1 FROM demo AS d WHERE t.record IN (d.contact, d.deal) AND d.start BETWEEN t.arrived AND t.ended_at);

-- Each leaving of a stage: forward, back, lost.
CREATE TEMP TABLE leavings AS
  SELECT id, f AS stage, at, CASE
    WHEN EXISTS (SELECT 1 FROM ends AS e WHERE e.id = s.id AND e.at = s.at AND e.o = 'lost') THEN 'lost'
    WHEN tn > fn THEN 'forward' ELSE 'back' END AS how FROM steps AS s
  UNION ALL SELECT e.id, p.stage, e.at, CASE e.o WHEN 'won' THEN 'forward' ELSE 'lost' END
  FROM ends AS e JOIN spells AS p ON p.id = e.id AND p.since < e.at AND e.at <= p.until
  WHERE e.o IN ('won', 'lost') AND NOT EXISTS (
    SELECT 1 FROM steps AS s WHERE s.id = e.id AND s.at = e.at);

CREATE TEMP TABLE proposed AS SELECT id, min(at) AS sent FROM (
  SELECT record AS id, ended_at AS at FROM tasks WHERE action = 'DELIVER_PROPOSAL' AND state = 'done'
  UNION ALL SELECT record, requested FROM handoffs WHERE milestone = 'proposal_sent'
  UNION ALL SELECT subject, at FROM events WHERE kind = 'changed' AND data LIKE '%proposal_delivered%'
  UNION ALL SELECT id, at FROM leavings WHERE stage = 'proposal' AND how = 'forward') GROUP BY id;
CREATE TEMP TABLE entries AS SELECT s.id, s.t AS stage, min(s.at) AS at FROM steps AS s
  WHERE NOT EXISTS (SELECT 1 FROM ends AS e WHERE e.id = s.id AND e.at = s.at AND e.o <> 'open') GROUP BY s.id, s.t;
CREATE TEMP TABLE asked AS SELECT id, min(at) AS at FROM (
  SELECT subject AS id, at FROM events WHERE kind = 'changed' AND data LIKE '%proposal_requested%'
  UNION ALL SELECT id, at FROM entries WHERE stage = 'proposal') GROUP BY id;

CREATE TEMP TABLE closed AS SELECT d.id, d.outcome, d.created_at, d.amount_minor, d.amount_currency,
    coalesce((SELECT max(e.at) FROM ends AS e WHERE e.id = d.id AND e.o = d.outcome), d.close_date) AS at,
    coalesce((SELECT agent FROM owner WHERE record = d.id AND stage = 'negotiation'), 'WAKE.CLOSESTACK') AS agent,
    (SELECT to_id FROM associations WHERE ext_id = d.id) AS company
  FROM deals AS d WHERE d.outcome IN ('won', 'lost');
CREATE TEMP TABLE prices AS SELECT subject AS id, at, data FROM events
  WHERE kind = 'changed' AND data LIKE '%"amount"%';
