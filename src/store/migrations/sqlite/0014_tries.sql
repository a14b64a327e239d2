-- Attempts at a delivery before somebody asked for it anew: the pauses between attempts begin again then.
ALTER TABLE messages ADD COLUMN push_before INTEGER NOT NULL DEFAULT 0;

-- Requests for approval are looked for by the task that waits.
CREATE INDEX escalations_task ON escalations (task) WHERE task IS NOT NULL;
CREATE INDEX tasks_blocked ON tasks (id) WHERE state = 'blocked';
