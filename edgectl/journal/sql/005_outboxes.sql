-- How far each journal of this folder has arrived at the centre: the one in use, and those that were put aside.
CREATE TABLE outboxes (id TEXT PRIMARY KEY, acknowledged INTEGER NOT NULL) WITHOUT ROWID;
