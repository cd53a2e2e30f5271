-- The journals whose lines stand in this one because a copy of them was put back: up to which line each reaches, the
-- instant of that line, and when and by whom the copy was put here.
CREATE TABLE formers (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL, upto INTEGER NOT NULL, newest INTEGER NOT NULL, at INTEGER NOT NULL,
  who TEXT NOT NULL
);
