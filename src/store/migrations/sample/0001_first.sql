INSERT INTO leases VALUES ('daemon', 3, 1763553600000);
INSERT INTO settings VALUES ('store.writes_paused', '{"since":"2025-11-19T12:00:00.000Z","by":"anna"}');
INSERT INTO counters VALUES ('board', 5), ('mark', 9), ('user.requests', 12);
INSERT INTO streams (id, connection, kind, as_of, first_caught_up, gap, last_page)
VALUES (1, 'crm', 'company', 1763553600000, 1763553600000, 0, 1763553600000),
       (2, 'crm', 'contact', 1763553600000, 1763553600000, 1, 1763553600000),
       (3, 'crm', 'deal', 1763553600000, 1763553600000, NULL, 1763553600000),
       (4, 'crm', 'task', NULL, NULL, NULL, NULL);
INSERT INTO cursors VALUES (3, 'since', 1, '{"after":"2025-11-19T12:00:00Z"}');
INSERT INTO census_marks VALUES (2, '11'), (2, '404');
INSERT INTO raw_records VALUES (1, CAST('{"id":"21"}' AS BLOB));
INSERT INTO links (stream, ext_id, record, version_at, modified, first_seen, raw, sets, gone, gone_at)
VALUES (1, '1', '018bcfe5-6800-7000-8000-000000000001', 1763553600000, 1763553600000, 1763553600000, NULL, 0, NULL, NULL),
       (2, '11', '018bcfe5-6800-7000-8000-000000000002', 1763553600000, 1763553600000, 1763553600000, NULL, 0, NULL, NULL),
       (2, '12', '018bcfe5-6800-7000-8000-000000000002', 1763553600000, 1763553600000, 1763553600000, NULL, 0, '{"merged":{"into":"11"}}', 1763553600000),
       (3, '21', '018bcfe5-6800-7000-8000-000000000003', 1763553600000, 1763553600000, 1763553600000, 1, 3, NULL, NULL);
INSERT INTO associations VALUES (3, '21', 1, '1', 1), (3, '21', 2, '11', 0);
INSERT INTO match_keys VALUES (1, 'ann@acme.example', '018bcfe5-6800-7000-8000-000000000002'), (2, 'acme.example', '018bcfe5-6800-7000-8000-000000000001');
INSERT INTO parked (stream, ext_id, reason, since, raw) VALUES (3, '22', 'no name', 1763553600000, CAST('{' AS BLOB));
INSERT INTO companies (id, name, domain, employees, empty) VALUES ('018bcfe5-6800-7000-8000-000000000001', 'Acme', 'acme.example', 1200, 4);
INSERT INTO contacts (id, name, email, lead_status, empty, extra)
VALUES ('018bcfe5-6800-7000-8000-000000000002', 'Ann Roe', 'ann@acme.example', 'NEW', 0, '[["budget",{"bool":true}]]');
INSERT INTO deals (id, name, owner, amount_minor, amount_currency, stage, outcome, created_at, empty, stage_since)
VALUES ('018bcfe5-6800-7000-8000-000000000003', 'Big deal', '77', 125000, 'USD', 'proposal', 'open', 1763553600000, 0, 1763553600000);
INSERT INTO owners (id, name, empty) VALUES ('018bcfe5-6800-7000-8000-000000000004', 'Olga', 0);
INSERT INTO pipelines (id, name, position, empty) VALUES ('018bcfe5-6800-7000-8000-000000000005', 'Won', 7, 0);
INSERT INTO crm_tasks (id, name, done, empty) VALUES ('018bcfe5-6800-7000-8000-000000000006', 'Call', 0, 0);
INSERT INTO notes (id, body, empty) VALUES ('018bcfe5-6800-7000-8000-000000000007', 'hello', 0);
INSERT INTO emails (id, name, empty) VALUES ('018bcfe5-6800-7000-8000-000000000008', 'Re: offer', 0);
INSERT INTO meetings (id, name, empty) VALUES ('018bcfe5-6800-7000-8000-000000000009', 'Demo', 0);
INSERT INTO calls (id, name, empty) VALUES ('018bcfe5-6800-7000-8000-00000000000a', 'Call back', 0);
INSERT INTO events (at, subject, source, kind, data)
VALUES (1763553600000, '018bcfe5-6800-7000-8000-000000000003', 'crm', 'first_seen', NULL),
       (1763553600000, '018bcfe5-6800-7000-8000-000000000003', 'crm', 'stage_entered', '{"event":"stage_entered","from":null,"to":"proposal"}');
INSERT INTO dirty VALUES ('018bcfe5-6800-7000-8000-000000000003', 8, 9);
INSERT INTO outbox (key, hash, connection, kind, target_kind, target_id, field, task, body, state, attempt, epoch, sent,
                    decided, changed)
VALUES ('00112233445566778899aabbccddeeff', 'ab', 'crm', 'change_stage', 'deal', '21', 'source_stage', NULL,
        '{"key":"00112233445566778899aabbccddeeff","target":{"connection":"crm","kind":"deal","id":"21"},"intent":{"kind":"change_stage","to":"p/2"},"expects":[],"because":"a sample"}',
        'sending', 1, 3, 1763553600000, 1763553600000, 1763553600000);
INSERT INTO tasks (id, action, title, subject, record, stage, responsibility, need, priority, rank, arrived,
                   allowed_hours, due, holder, state, cause, enterprise)
VALUES ('018bcfe5-6800-7000-8000-00000000000b', 'CREATE_PROPOSAL', 'Write it', 'deal:018bcfe5-6800-7000-8000-000000000003', '018bcfe5-6800-7000-8000-000000000003', 'proposal',
        'primary', '{"capability":"proposal_creation","preferred":[],"unit":"proposal"}', 70, 1, 1763553600000, 48,
        1763640000000, 'QUOTEFORGE', 'assigned', 'stage entered', 1);
INSERT INTO assignments (task, placed, body)
VALUES ('018bcfe5-6800-7000-8000-00000000000b', 1, '{"task":"018bcfe5-6800-7000-8000-00000000000b","turn":1,"position":0,"winner":null,"due":null,"runners_up":[],"excluded":[],"last_resort":false,"seed":1,"config":"c"}');
INSERT INTO responsibilities VALUES ('deal:018bcfe5-6800-7000-8000-000000000003', 'primary', 'QUOTEFORGE', 1);
INSERT INTO agents VALUES ('QUOTEFORGE', 0, NULL, 1763553600000, 5);
INSERT INTO agent_loads VALUES ('QUOTEFORGE', 'task', 1), ('QUOTEFORGE', 'deal', 1), ('QUOTEFORGE', 'proposal', 1);
INSERT INTO agent_subjects VALUES ('QUOTEFORGE', 'deal', 'deal:018bcfe5-6800-7000-8000-000000000003', 1);
INSERT INTO agent_starts VALUES ('QUOTEFORGE', 'task', 1959504, 1);
INSERT INTO agent_records VALUES ('QUOTEFORGE', 'CREATE_PROPOSAL', 4000, 5000, 1763553600000);
