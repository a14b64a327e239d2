INSERT INTO withdrawn (task, agent, at, why) SELECT id, 'WAKE.SDRFORGE', 1763553600000, 'no longer needed' FROM tasks LIMIT 1;
