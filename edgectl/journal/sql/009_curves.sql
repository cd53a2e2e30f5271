-- What the sensors showed, a row for up to ten minutes, so that the curves on the page outlive a restart. A day is kept.
CREATE TABLE curves (at INTEGER PRIMARY KEY, body TEXT NOT NULL);
