-- What edgectl must not forget. Values are stored whole: columns for what is asked for, `body` for the rest.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tasks (
  id TEXT PRIMARY KEY, open INTEGER NOT NULL, status TEXT NOT NULL, zone TEXT NOT NULL,
  correlation_id TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX open_tasks ON tasks (id) WHERE open = 1;
CREATE TABLE commands (
  id TEXT PRIMARY KEY, open INTEGER NOT NULL, task_id TEXT, state TEXT NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX open_commands ON commands (id) WHERE open = 1;
CREATE INDEX commands_of_task ON commands (task_id);
CREATE TABLE outputs (id TEXT PRIMARY KEY, open INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cursors (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE latches (id TEXT PRIMARY KEY, open INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE alarms (id TEXT PRIMARY KEY, open INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE timeline (
  seq INTEGER PRIMARY KEY, event_type TEXT NOT NULL, wall INTEGER NOT NULL, task_id TEXT, body TEXT NOT NULL
);
CREATE INDEX timeline_of_task ON timeline (task_id) WHERE task_id IS NOT NULL;
