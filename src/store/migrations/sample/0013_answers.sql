INSERT INTO answers (id, hash, answer, at) VALUES ('order:0a', '0b', '', 1763553600000);
