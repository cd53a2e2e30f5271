-- name: schema
-- How far the schema is, and the oldest edgectl that may still write into it.
SELECT number, needs FROM edgectl.schema_steps ORDER BY number DESC LIMIT 1

-- name: own_site
-- Which site this role speaks for.
SELECT edgectl.own_site()

-- name: arrived
-- How far a journal has arrived, and the hash of its newest line here.
SELECT acknowledged, last_hash FROM edgectl.edge_journals WHERE site_id = $1 AND journal_id = $2

-- name: take_lines
-- Lines of a timeline; those that are here already stay as they are. Returns how far the journal has arrived.
SELECT edgectl.take_lines($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: put_tasks
-- Tasks as they are now. An older value never replaces a newer one.
INSERT INTO edgectl.edge_tasks AS kept (
  site_id, journal_id, seq, task_id, zone, zone_id, task_type, source, correlation_id, schedule, status, payload,
  scheduled_for, due_at, expires_at, created_at, started_at, updated_at, action_required, decision, reason_code,
  error_code, physical_effect, result)
SELECT $1, $2, $3, sent.* FROM json_to_recordset($4::json) AS sent (
  task_id text, zone text, zone_id integer, task_type text, source text, correlation_id text, schedule text,
  status text, payload json, scheduled_for timestamptz, due_at timestamptz, expires_at timestamptz,
  created_at timestamptz, started_at timestamptz, updated_at timestamptz, action_required boolean, decision text,
  reason_code text, error_code text, physical_effect text, result json)
ON CONFLICT (site_id, task_id) DO UPDATE SET
  journal_id = excluded.journal_id, seq = excluded.seq, status = excluded.status,
  started_at = coalesce(kept.started_at, excluded.started_at), updated_at = excluded.updated_at,
  action_required = excluded.action_required, decision = excluded.decision, reason_code = excluded.reason_code,
  error_code = excluded.error_code, physical_effect = excluded.physical_effect, result = excluded.result
WHERE kept.journal_id <> excluded.journal_id OR kept.seq < excluded.seq

-- name: put_commands
-- Commands as they are now.
INSERT INTO edgectl.edge_commands AS kept (
  site_id, journal_id, seq, cmd_id, task_id, zone, zone_id, stage, actuator, cmd, lease_s, status, created_at,
  updated_at, evidence)
SELECT $1, $2, $3, sent.* FROM json_to_recordset($4::json) AS sent (
  cmd_id text, task_id text, zone text, zone_id integer, stage text, actuator text, cmd text, lease_s double precision,
  status text, created_at timestamptz, updated_at timestamptz, evidence text)
ON CONFLICT (site_id, cmd_id) DO UPDATE SET
  journal_id = excluded.journal_id, seq = excluded.seq, status = excluded.status, updated_at = excluded.updated_at,
  evidence = excluded.evidence
WHERE kept.journal_id <> excluded.journal_id OR kept.seq < excluded.seq

-- name: put_outputs
-- What is owed to each output now.
INSERT INTO edgectl.edge_outputs AS kept (
  site_id, journal_id, seq, output, owed_off, cmd_id, task_id, zone, updated_at)
SELECT $1, $2, $3, sent.* FROM json_to_recordset($4::json) AS sent (
  output text, owed_off boolean, cmd_id text, task_id text, zone text, updated_at timestamptz)
ON CONFLICT (site_id, output) DO UPDATE SET
  journal_id = excluded.journal_id, seq = excluded.seq, owed_off = excluded.owed_off, cmd_id = excluded.cmd_id,
  task_id = excluded.task_id, zone = excluded.zone, updated_at = excluded.updated_at
WHERE kept.journal_id <> excluded.journal_id OR kept.seq < excluded.seq

-- name: put_alarms
-- Alarms as they are now.
INSERT INTO edgectl.edge_alarms AS kept (
  site_id, journal_id, seq, alarm_id, code, subject, raised_at, message, advice, active, acknowledged_by, escalated,
  updated_at)
SELECT $1, $2, $3, sent.* FROM json_to_recordset($4::json) AS sent (
  alarm_id text, code text, subject text, raised_at timestamptz, message text, advice text, active boolean,
  acknowledged_by text, escalated boolean, updated_at timestamptz)
ON CONFLICT (site_id, alarm_id) DO UPDATE SET
  journal_id = excluded.journal_id, seq = excluded.seq, raised_at = excluded.raised_at, message = excluded.message,
  advice = excluded.advice, active = excluded.active, acknowledged_by = excluded.acknowledged_by,
  escalated = excluded.escalated, updated_at = excluded.updated_at
WHERE kept.journal_id <> excluded.journal_id OR kept.seq < excluded.seq

-- name: day_sums
-- What a journal adds up to here, day by day.
SELECT day::text, lines, first_seq, last_seq, digest FROM edgectl.day_sums($1, $2, $3)

-- name: lines_of_day
-- Each line of a day with the hash of its payload, to name what differs.
SELECT seq, edgectl.payload_hash(event_type, body) FROM edgectl.edge_entries
WHERE site_id = $1 AND journal_id = $2
  AND occurred_at >= ($3::date)::timestamp AT TIME ZONE 'UTC'
  AND occurred_at < ($3::date + 1)::timestamp AT TIME ZONE 'UTC'
ORDER BY seq

-- name: state_days
-- What the site says each day held.
INSERT INTO edgectl.edge_parity AS kept (site_id, journal_id, day, lines, first_seq, last_seq, digest)
SELECT $1, $2, sent.* FROM unnest($3::date[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[]) sent
ON CONFLICT (site_id, journal_id, day) DO UPDATE SET
  lines = excluded.lines, first_seq = excluded.first_seq, last_seq = excluded.last_seq, digest = excluded.digest,
  stated_at = now()
WHERE kept.digest <> excluded.digest

-- name: put_answers
-- How this site answered; the first answer stands.
INSERT INTO edgectl.edge_answers (site_id, journal_id, seq, request_id, answered_at, ok, code, why)
SELECT $1, $2, sent.* FROM json_to_recordset($4::json) AS sent (
  seq bigint, request_id text, answered_at timestamptz, ok boolean, code text, why text)
WHERE $3::bigint > 0
ON CONFLICT (site_id, request_id) DO NOTHING

-- name: asks
-- What waits for an answer, the oldest first. Instants as seconds: a calendar of Python knows neither for ever nor BC.
SELECT request_id, kind, payload, EXTRACT(EPOCH FROM due_at)::float8 AS due_at,
  EXTRACT(EPOCH FROM expires_at)::float8 AS expires_at, correlation_id, created_by FROM edgectl.edge_requests asked
WHERE site_id = $1
  AND NOT EXISTS (SELECT FROM edgectl.edge_answers given
                  WHERE given.site_id = asked.site_id AND given.request_id = asked.request_id)
ORDER BY number LIMIT 50

-- name: add_reels
-- Samples as they were read; those that are here already stay.
INSERT INTO edgectl.edge_telemetry_raw (site_id, at, sensor, channel, value, good)
SELECT $1, sample.* FROM unnest($2::timestamptz[], $3::text[], $4::text[], $5::float8[], $6::boolean[]) sample
ON CONFLICT DO NOTHING

-- name: add_minutes
-- Readings, a row for each sensor and minute; those that are here already stay.
INSERT INTO edgectl.edge_telemetry_1m (site_id, sensor, minute, unit, least, mean, most, last, samples, quality)
SELECT $1, point.* FROM unnest(
  $2::text[], $3::timestamptz[], $4::text[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::integer[],
  $10::real[]) point
ON CONFLICT DO NOTHING
