INSERT INTO events (at, subject, source, kind, data)
VALUES (1763553600000, '018bcfe5-6800-7000-8000-000000000003', 'crm', 'outcome_changed', '{"event":"outcome_changed","to":"won"}');
