-- The lists and timelines of the web page that came before, in the shapes that it reads. They lie in a schema of their
-- own, because tables of these names may stand beside them; that page's role gets it as its search_path.

CREATE SCHEMA IF NOT EXISTS edgectl_views;
GRANT USAGE ON SCHEMA edgectl_views TO edgectl_reader, edgectl_desk;

-- One row for each status that a task has had: accepted, running, and its end.
CREATE VIEW edgectl_views.scheduler_logs WITH (security_invoker = true) AS
SELECT hashtextextended(t.site_id || t.task_id || moved.status, 0) AS id,
       'ae_scheduler_task_' || t.task_id AS task_name,
       moved.status,
       jsonb_build_object(
         'task_id', t.task_id, 'zone_id', t.zone_id, 'task_type', t.task_type, 'status', moved.status,
         'created_at', t.created_at, 'updated_at', moved.at, 'scheduled_for', t.scheduled_for, 'due_at', t.due_at,
         'expires_at', t.expires_at, 'correlation_id', t.correlation_id, 'source', t.source, 'site_id', t.site_id,
         'payload', t.payload,
         'result', CASE WHEN moved.ended THEN t.result::jsonb END,
         'error_code', CASE WHEN moved.ended THEN t.error_code END) AS details,
       moved.at AS created_at
FROM edgectl.edge_tasks t
CROSS JOIN LATERAL (
  SELECT 'accepted' AS status, t.created_at AS at, false AS ended
  UNION ALL SELECT 'running', t.started_at, false WHERE t.started_at IS NOT NULL
  UNION ALL SELECT t.status, t.updated_at, true WHERE t.status NOT IN ('accepted', 'running')
) moved;

CREATE VIEW edgectl_views.commands WITH (security_invoker = true) AS
SELECT hashtextextended(site_id || cmd_id, 0) AS id, zone_id, site_id AS node_uid, actuator AS channel, cmd,
       jsonb_build_object('lease_s', lease_s, 'stage', stage, 'task_id', task_id) AS params, status, cmd_id,
       created_at, updated_at,
       CASE WHEN status NOT IN ('QUEUED', 'SEND_FAILED') THEN created_at END AS sent_at,
       CASE WHEN status IN ('ACK', 'DONE') THEN updated_at END AS ack_at,
       CASE WHEN status IN ('NO_EFFECT', 'BUSY', 'INVALID', 'ERROR', 'TIMEOUT', 'SEND_FAILED') THEN updated_at END
         AS failed_at
FROM edgectl.edge_commands;

CREATE VIEW edgectl_views.zone_events WITH (security_invoker = true) AS
SELECT hashtextextended(site_id || journal_id::text || seq::text, 0) AS id, zone_id, event_type AS type,
       jsonb_build_object('task_id', task_id, 'seq', seq, 'site_id', site_id) || coalesce((body->'details')::jsonb, '{}')
         AS details,
       occurred_at AS created_at
FROM edgectl.edge_entries WHERE zone_id IS NOT NULL;

CREATE VIEW edgectl_views.telemetry_last WITH (security_invoker = true) AS
SELECT DISTINCT ON (site_id, sensor) hashtextextended(site_id || sensor, 0) AS sensor_id, site_id, sensor,
       last AS last_value, minute AS last_ts,
       CASE WHEN samples = 0 THEN 'BAD' WHEN quality < 0.8 THEN 'UNCERTAIN' ELSE 'GOOD' END AS last_quality,
       minute AS updated_at
FROM edgectl.edge_telemetry_1m ORDER BY site_id, sensor, minute DESC;

GRANT SELECT ON ALL TABLES IN SCHEMA edgectl_views TO edgectl_reader, edgectl_desk;
