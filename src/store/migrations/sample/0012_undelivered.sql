UPDATE messages SET push = 'failed', push_due = 1763553600000, push_attempt = 8, push_note = 'HTTP status 410';
