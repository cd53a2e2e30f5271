-- Samples as they were read, for the hours in which the centre wants them so: a row for up to a minute. They have a budget
-- of bytes of their own; what is dropped is counted in samples.
CREATE TABLE raws (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, samples INTEGER NOT NULL, body TEXT NOT NULL
);
