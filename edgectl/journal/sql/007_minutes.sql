-- Readings for the centre, one row a minute. Unlike the timeline they may be dropped: they have a budget of bytes.
CREATE TABLE minutes (number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, body TEXT NOT NULL);
