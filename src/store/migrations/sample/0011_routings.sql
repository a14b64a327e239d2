INSERT INTO routings (id, hash, body, base, shared) VALUES (2, 'decaf', '"away":{"WAKE.LSHSALES":[[1763553600000,1763640000000]]}}', 1, 48);
