-- Messages given up are looked for each time somebody asks how things stand.
CREATE INDEX messages_failed ON messages (push_due) WHERE push = 'failed';
