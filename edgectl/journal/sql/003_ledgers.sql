-- What an actuator has given within the last day: the caps of doses, starts and litres are counted from it.
CREATE TABLE ledgers (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
