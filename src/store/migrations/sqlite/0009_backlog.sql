-- How long the tasks of a kind have waited.
CREATE INDEX tasks_waiting ON tasks (kind, arrived) WHERE state = 'queued';
-- Failures that nobody was told of yet.
CREATE INDEX tasks_failed ON tasks (ended_at, id) WHERE state = 'failed' AND alarmed IS NULL;
