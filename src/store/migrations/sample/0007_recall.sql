INSERT INTO routings (id, hash, body) VALUES (1, 'c0ffee', '{"roster":{"agents":[],"rules":{}},"zone":"UTC","away":{}}');
INSERT INTO turns (id, at, routing) VALUES (1, 1763553600000, 1);
INSERT INTO carried (agent, turn, body) VALUES ('WAKE.LSHSALES', 1, '{"open":{"task":1},"week":{},"paused":false,"resumed":null,"last_assigned":null,"record":{}}');
UPDATE assignments SET turn = 1, basis = '{"primary":"WAKE.LSHSALES"}';
