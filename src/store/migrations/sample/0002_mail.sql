UPDATE emails SET sender = 'ann@acme.example', message_id = 'm1@acme.example', thread = 'box/1', automatic = 'bulk';
UPDATE meetings SET sender = 'olga@ours.example', uid = 'u1', occurrence = '20251119T120000Z', sequence = 2, status = 'confirmed';
INSERT INTO participants VALUES ('example.acme@ann', '018bcfe5-6800-7000-8000-000000000008');
INSERT INTO mail_refs VALUES ('m0@acme.example', '018bcfe5-6800-7000-8000-000000000008');
INSERT INTO revisits VALUES ('address', 'example.acme@ann', '', '');
INSERT INTO activities VALUES ('018bcfe5-6800-7000-8000-000000000008', 'email', 1763553600000, 'inbound');
INSERT INTO activity_links VALUES ('018bcfe5-6800-7000-8000-000000000008', '018bcfe5-6800-7000-8000-000000000003', 'deal', 'contact', 0, 1763553600000);
