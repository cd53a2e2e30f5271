-- Each line of the timeline carries a hash over itself and the line before: an audit that cannot be rewritten in silence.
ALTER TABLE timeline ADD COLUMN hash BLOB;
INSERT INTO meta SELECT 'unchained', coalesce(max(seq), 0) FROM timeline;
