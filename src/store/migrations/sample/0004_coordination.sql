UPDATE tasks SET progress = 40, metrics = '{"pages":4}', params = '{"icp":"founders"}', status_at = 1763553600000, told = 1763553600000;
INSERT INTO task_passes VALUES ('018bcfe5-6800-7000-8000-00000000000b', 'CLOSESTACK', 'declined', 1763553600000, NULL, 'no time');
INSERT INTO messages (id, hash, conversation, sender, receiver, kind, sent_at, received_at, body, effect)
VALUES ('m-1', '00112233445566778899aabbccddeeff', 'task:018bcfe5-6800-7000-8000-00000000000b', 'QUOTEFORGE', 'ORCHESTRATOR', 'STATUS',
        1763553600000, 1763553600000,
        '{"type":"STATUS","id":"m-1","sent_at":"2025-11-19T12:00:00.000Z","conversation":"task:018bcfe5-6800-7000-8000-00000000000b","from":"QUOTEFORGE","to":"ORCHESTRATOR","task_id":"018bcfe5-6800-7000-8000-00000000000b","status":"IN_PROGRESS","progress":40}',
        '{"effect":"task","task":"018bcfe5-6800-7000-8000-00000000000b","state":"in_progress"}');
INSERT INTO handoffs VALUES ('018bcfe5-6800-7000-8000-0000000000a1', 'deal:018bcfe5-6800-7000-8000-000000000003', '018bcfe5-6800-7000-8000-000000000003',
        'QUOTEFORGE', 'CLOSESTACK', 'CLOSESTACK', 'proposal_sent', '{}', 'REQUESTED', 1763553600000, NULL, 1763553600000, 'QUOTEFORGE', NULL, 'm-2', 0);
INSERT INTO escalations VALUES ('018bcfe5-6800-7000-8000-0000000000a2', 'deal:018bcfe5-6800-7000-8000-000000000003', '018bcfe5-6800-7000-8000-000000000003', NULL,
        'QUOTEFORGE', 'ENTERPRISE', 'ENTERPRISE_COMPLEXITY', 'ACTIVATE_ENTERPRISE_AGENT', '{"deal_size":150000}', 'owner', 'OPEN', 1763553600000, NULL, 0,
        1763553600000, 'QUOTEFORGE', NULL, 'm-3');
INSERT INTO documents (task, by, at, body) VALUES ('018bcfe5-6800-7000-8000-00000000000b', 'QUOTEFORGE', 1763553600000, '{"markdown":"# Offer"}');
INSERT INTO outcomes VALUES ('018bcfe5-6800-7000-8000-00000000000c', 'QUOTEFORGE', 'CREATE_PROPOSAL', 'proposal', NULL, 1763553600000, 1, 1, 125000, 'USD', 86400000, 'smb', 0);
INSERT INTO learnings (at, by, task, stage, segment, action, outcome, text)
VALUES (1763553600000, 'QUOTEFORGE', '018bcfe5-6800-7000-8000-00000000000c', 'proposal', 'smb', 'CREATE_PROPOSAL', 'success', 'Name the price first.');
INSERT INTO raised (trigger, occasion, subject, params, by, at) VALUES ('product_launch', 'o-1', 'segment:all', '{"name":"X"}', 'anna', 1763553600000);
INSERT INTO tokens VALUES ('abcd', 'forge', 'agent', 'QUOTEFORGE', 1763553600000, 'anna', NULL, NULL);
