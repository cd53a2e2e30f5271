-- The centre of many sites. Every key begins with site_id, so that the tables can be distributed by it.
-- Times are UTC. A line of a timeline is kept as the text that the site stored, so that its hash can be checked here.

CREATE TABLE edgectl.sites (
  site_id text PRIMARY KEY,
  name text NOT NULL,
  timezone text NOT NULL DEFAULT 'UTC',
  role_name name UNIQUE,
  enrolled_at timestamptz NOT NULL DEFAULT now()
);

-- Which site the connected role speaks for.
CREATE FUNCTION edgectl.own_site() RETURNS text LANGUAGE sql STABLE
AS $$ SELECT site_id FROM edgectl.sites WHERE role_name = current_user $$;

-- How far each journal of a site has arrived without a gap. A site that rebuilt its journal has several.
CREATE TABLE edgectl.edge_journals (
  site_id text NOT NULL,
  journal_id uuid NOT NULL,
  acknowledged bigint NOT NULL DEFAULT 0,
  last_hash bytea,
  began_at timestamptz NOT NULL DEFAULT now(),
  heard_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (site_id, journal_id)
);

-- The timelines. UNREADABLE lines were no JSON on the site; their bytes are kept in base64.
CREATE TABLE edgectl.edge_entries (
  site_id text NOT NULL,
  journal_id uuid NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  occurred_at timestamptz NOT NULL,
  event_type text NOT NULL,
  task_id text,
  zone text,
  zone_id integer,
  body json NOT NULL,
  hash bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (site_id, journal_id, seq, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX edge_entries_of_task ON edgectl.edge_entries (site_id, task_id, seq) WHERE task_id IS NOT NULL;
CREATE INDEX edge_entries_of_zone ON edgectl.edge_entries (site_id, zone_id, occurred_at) WHERE zone_id IS NOT NULL;
-- A month that nobody made ahead, and sites whose clock is wrong: no line is refused for its date.
CREATE TABLE edgectl.edge_entries_default PARTITION OF edgectl.edge_entries DEFAULT;

CREATE TABLE edgectl.edge_tasks (
  site_id text NOT NULL,
  task_id text NOT NULL,
  journal_id uuid NOT NULL,
  seq bigint NOT NULL,
  zone text NOT NULL,
  zone_id integer,
  task_type text NOT NULL,
  source text NOT NULL,
  correlation_id text NOT NULL,
  schedule text,
  status text NOT NULL CHECK (status IN ('accepted', 'running', 'completed', 'failed', 'rejected', 'expired')),
  payload json NOT NULL,
  scheduled_for timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  updated_at timestamptz NOT NULL,
  action_required boolean,
  decision text,
  reason_code text,
  error_code text,
  physical_effect text,
  result json,
  PRIMARY KEY (site_id, task_id)
);
CREATE INDEX edge_tasks_of_zone ON edgectl.edge_tasks (site_id, zone_id, created_at DESC);
CREATE INDEX edge_tasks_by_correlation ON edgectl.edge_tasks (site_id, correlation_id);

CREATE TABLE edgectl.edge_commands (
  site_id text NOT NULL,
  cmd_id text NOT NULL,
  journal_id uuid NOT NULL,
  seq bigint NOT NULL,
  task_id text,
  zone text,
  zone_id integer,
  stage text NOT NULL,
  actuator text NOT NULL,
  cmd text NOT NULL,
  lease_s double precision,
  status text NOT NULL CHECK (status IN (
    'QUEUED', 'SENT', 'ACK', 'DONE', 'NO_EFFECT', 'BUSY', 'INVALID', 'ERROR', 'TIMEOUT', 'SEND_FAILED')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  evidence text NOT NULL,
  PRIMARY KEY (site_id, cmd_id)
);
CREATE INDEX edge_commands_of_task ON edgectl.edge_commands (site_id, task_id);

CREATE TABLE edgectl.edge_outputs (
  site_id text NOT NULL,
  output text NOT NULL,
  journal_id uuid NOT NULL,
  seq bigint NOT NULL,
  owed_off boolean NOT NULL,
  cmd_id text,
  task_id text,
  zone text,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (site_id, output)
);

CREATE TABLE edgectl.edge_alarms (
  site_id text NOT NULL,
  alarm_id text NOT NULL,
  journal_id uuid NOT NULL,
  seq bigint NOT NULL,
  code text NOT NULL,
  subject text NOT NULL,
  raised_at timestamptz NOT NULL,
  message text NOT NULL,
  advice text NOT NULL,
  active boolean NOT NULL,
  acknowledged_by text,
  escalated boolean NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (site_id, alarm_id)
);
CREATE INDEX edge_alarms_active ON edgectl.edge_alarms (site_id) WHERE active;

-- Readings, folded to one row a minute.
CREATE TABLE edgectl.edge_telemetry_1m (
  site_id text NOT NULL,
  sensor text NOT NULL,
  minute timestamptz NOT NULL,
  unit text NOT NULL,
  least double precision,
  mean double precision,
  most double precision,
  last double precision,
  samples integer NOT NULL,
  quality real NOT NULL,
  PRIMARY KEY (site_id, sensor, minute)
) PARTITION BY RANGE (minute);
CREATE TABLE edgectl.edge_telemetry_1m_default PARTITION OF edgectl.edge_telemetry_1m DEFAULT;

-- What the centre asks of a site. A site reads its own and writes none; its answers are lines of its timeline.
CREATE TABLE edgectl.edge_requests (
  site_id text NOT NULL REFERENCES edgectl.sites,
  request_id text NOT NULL CHECK (request_id ~ '^[A-Za-z0-9_.:-]{8,100}$'),
  number bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  payload json NOT NULL DEFAULT '{}',
  due_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > due_at),
  correlation_id text,
  created_by text NOT NULL DEFAULT current_user,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (site_id, request_id)
);
CREATE INDEX edge_requests_in_order ON edgectl.edge_requests (site_id, number);

CREATE TABLE edgectl.edge_answers (
  site_id text NOT NULL,
  request_id text NOT NULL,
  journal_id uuid NOT NULL,
  seq bigint NOT NULL,
  answered_at timestamptz NOT NULL,
  ok boolean NOT NULL,
  code text NOT NULL,
  why text NOT NULL,
  PRIMARY KEY (site_id, request_id)
);

CREATE FUNCTION edgectl.tell_site() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN PERFORM pg_notify('edgectl_' || md5(NEW.site_id), ''); RETURN NULL; END $$;
CREATE TRIGGER edge_requests_tell AFTER INSERT ON edgectl.edge_requests
FOR EACH ROW EXECUTE FUNCTION edgectl.tell_site();

-- What a site says a day held, so that it can be held against what is here after the site has forgotten the day.
CREATE TABLE edgectl.edge_parity (
  site_id text NOT NULL,
  journal_id uuid NOT NULL,
  day date NOT NULL,
  lines bigint NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  digest bytea NOT NULL,
  stated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (site_id, journal_id, day)
);

-- The payload's own hash: what an UNREADABLE line was on the site is said in its envelope.
CREATE FUNCTION edgectl.payload_hash(event_type text, body json) RETURNS bytea LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN event_type = 'UNREADABLE' THEN decode(body->>'sha256', 'hex')
                  ELSE sha256(convert_to(body::text, 'UTF8')) END $$;

-- What the lines of a journal add up to here, day by day: the same sum that the site makes of its own.
CREATE FUNCTION edgectl.day_sums(which_site text, which_journal uuid, since date)
RETURNS TABLE (day date, lines bigint, first_seq bigint, last_seq bigint, digest bytea) LANGUAGE sql STABLE
AS $$
  SELECT (occurred_at AT TIME ZONE 'UTC')::date, count(*), min(seq), max(seq),
         sha256(string_agg(int8send(seq) || edgectl.payload_hash(event_type, body), ''::bytea ORDER BY seq))
  FROM edgectl.edge_entries
  WHERE site_id = which_site AND journal_id = which_journal AND occurred_at >= since::timestamp AT TIME ZONE 'UTC'
  GROUP BY 1 ORDER BY 1
$$;

-- Months are made ahead; what fell into the default partition meanwhile moves into its month; old months are let go:
-- they stay as tables of their own, to be archived or dropped. Says what it did, one line each.
CREATE FUNCTION edgectl.keep_partitions(ahead integer, keep integer) RETURNS SETOF text LANGUAGE plpgsql
AS $$
DECLARE
  parent text; moment text; month date; part text; oldest date;
  this_month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
BEGIN
  FOR parent, moment IN VALUES ('edge_entries', 'occurred_at'), ('edge_telemetry_1m', 'minute') LOOP
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
    CONTINUE WHEN keep IS NULL;
    oldest := (this_month - keep * interval '1 month')::date;
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
