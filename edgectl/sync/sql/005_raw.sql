-- Samples as they were read, for the hours in which somebody asked for them. A sensor that is the median of several
-- probes has the samples of each, by the name of its channel.

CREATE TABLE edgectl.edge_telemetry_raw (
  site_id text NOT NULL,
  sensor text NOT NULL,
  at timestamptz NOT NULL,
  channel text NOT NULL,
  value double precision,
  good boolean NOT NULL,
  PRIMARY KEY (site_id, sensor, at, channel)
) PARTITION BY RANGE (at);
CREATE TABLE edgectl.edge_telemetry_raw_default PARTITION OF edgectl.edge_telemetry_raw DEFAULT;

ALTER TABLE edgectl.edge_telemetry_raw ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON edgectl.edge_telemetry_raw TO edgectl_reader, edgectl_desk, edgectl_site;
GRANT INSERT ON edgectl.edge_telemetry_raw TO edgectl_site;
CREATE POLICY all_seen ON edgectl.edge_telemetry_raw FOR SELECT TO edgectl_reader, edgectl_desk USING (true);
CREATE POLICY own_seen ON edgectl.edge_telemetry_raw FOR SELECT TO edgectl_site
  USING (site_id = (SELECT edgectl.own_site()));
CREATE POLICY own_added ON edgectl.edge_telemetry_raw FOR INSERT TO edgectl_site
  WITH CHECK (site_id = (SELECT edgectl.own_site()));

-- Months as before, now of three tables, each with a time for which it is kept: readings are most of the bytes, and
-- samples as they were read are soon of no use. Without a time nothing of a table is let go.
CREATE FUNCTION edgectl.keep_partitions(ahead integer, keep integer, keep_minutes integer, keep_raw integer)
RETURNS SETOF text LANGUAGE plpgsql
AS $$
DECLARE
  parent text; moment text; months integer; month date; part text; oldest date;
  this_month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
BEGIN
  FOR parent, moment, months IN VALUES
    ('edge_entries', 'occurred_at', keep), ('edge_telemetry_1m', 'minute', keep_minutes),
    ('edge_telemetry_raw', 'at', keep_raw)
  LOOP
    FOR month IN EXECUTE format(
      'SELECT date_trunc(''month'', %1$I AT TIME ZONE ''UTC'')::date FROM edgectl.%2$I
       WHERE %1$I >= ''2020-01-01'' AND %1$I < $1
       UNION SELECT generate_series($2::timestamp, $1 - interval ''1 month'', ''1 month'')::date ORDER BY 1',
      moment, parent || '_default') USING this_month + (ahead + 1) * interval '1 month', this_month
    LOOP
      part := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
      CONTINUE WHEN to_regclass('edgectl.' || part) IS NOT NULL;
      EXECUTE format('CREATE TABLE edgectl.%I (LIKE edgectl.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
      EXECUTE format(
        'WITH moved AS (DELETE FROM edgectl.%1$I WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING *)
         INSERT INTO edgectl.%5$I SELECT * FROM moved',
        parent || '_default', moment, month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00', part);
      EXECUTE format(
        'ALTER TABLE edgectl.%I ATTACH PARTITION edgectl.%I FOR VALUES FROM (%L) TO (%L)',
        parent, part, month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00');
      RETURN NEXT 'made ' || part;
    END LOOP;
    CONTINUE WHEN months IS NULL;
    oldest := (this_month - months * interval '1 month')::date;
    FOR part IN
      SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = ('edgectl.' || parent)::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
        AND to_date(right(c.relname, 7), 'YYYY_MM') < oldest ORDER BY 1
    LOOP
      EXECUTE format('ALTER TABLE edgectl.%I DETACH PARTITION edgectl.%I', parent, part);
      RETURN NEXT 'let go ' || part;
    END LOOP;
  END LOOP;
END $$;
-- As an older edgectl calls it.
CREATE OR REPLACE FUNCTION edgectl.keep_partitions(ahead integer, keep integer) RETURNS SETOF text LANGUAGE sql
AS $$ SELECT edgectl.keep_partitions($1, $2, $2, $2) $$;
REVOKE EXECUTE ON FUNCTION edgectl.keep_partitions(integer, integer, integer, integer) FROM PUBLIC;
