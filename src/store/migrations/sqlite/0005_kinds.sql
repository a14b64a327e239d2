-- What tasks have in common for whether anybody can take them: capability and unit, with a blank between. (Read out
-- of `need` here, once; from now on it is stored beside it.)
ALTER TABLE tasks ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE tasks SET kind = json_extract(need, '$.capability') || coalesce(' ' || json_extract(need, '$.unit'), '');
CREATE INDEX tasks_kinds ON tasks (kind, rank, id) WHERE state = 'queued';
