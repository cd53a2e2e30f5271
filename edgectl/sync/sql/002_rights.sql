-- Who may do what. A site inserts and reads its own rows, moves its own projections on, reads its own requests, and
-- nothing else. Readers see everything and change nothing; the desk asks things of sites.
-- Roles belong to the whole server: another database of the same server may have made them already.

DO $$
DECLARE wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['edgectl_site', 'edgectl_reader', 'edgectl_desk'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    END IF;
  END LOOP;
END $$;

REVOKE ALL ON SCHEMA edgectl FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA edgectl FROM PUBLIC;
GRANT USAGE ON SCHEMA edgectl TO edgectl_site, edgectl_reader, edgectl_desk;
GRANT EXECUTE ON FUNCTION edgectl.own_site(), edgectl.payload_hash(text, json), edgectl.day_sums(text, uuid, date)
  TO edgectl_site, edgectl_reader, edgectl_desk;
GRANT SELECT ON edgectl.schema_steps TO edgectl_site, edgectl_reader, edgectl_desk;

DO $$
DECLARE
  own text := 'site_id = (SELECT edgectl.own_site())';
  kept text;
BEGIN
  FOREACH kept IN ARRAY ARRAY['sites', 'edge_requests', 'edge_entries', 'edge_parity', 'edge_telemetry_1m',
                              'edge_journals', 'edge_tasks', 'edge_commands', 'edge_outputs', 'edge_alarms',
                              'edge_answers'] LOOP
    EXECUTE format('ALTER TABLE edgectl.%I ENABLE ROW LEVEL SECURITY', kept);
    EXECUTE format('GRANT SELECT ON edgectl.%I TO edgectl_reader, edgectl_desk', kept);
    EXECUTE format('CREATE POLICY all_seen ON edgectl.%I FOR SELECT TO edgectl_reader, edgectl_desk USING (true)', kept);
    EXECUTE format('GRANT SELECT ON edgectl.%I TO edgectl_site', kept);
    -- `sites` itself is where a role is looked up, so its own rule must not ask for it.
    EXECUTE format('CREATE POLICY own_seen ON edgectl.%I FOR SELECT TO edgectl_site USING (%s)', kept,
                   CASE kept WHEN 'sites' THEN 'role_name = current_user' ELSE own END);
    CONTINUE WHEN kept IN ('sites', 'edge_requests');
    EXECUTE format('GRANT INSERT ON edgectl.%I TO edgectl_site', kept);
    EXECUTE format('CREATE POLICY own_added ON edgectl.%I FOR INSERT TO edgectl_site WITH CHECK (%s)', kept, own);
    CONTINUE WHEN kept = 'edge_entries';  -- what has happened is never changed
    EXECUTE format('GRANT UPDATE ON edgectl.%I TO edgectl_site', kept);
    EXECUTE format('CREATE POLICY own_moved ON edgectl.%I FOR UPDATE TO edgectl_site USING (%2$s) WITH CHECK (%2$s)',
                   kept, own);
  END LOOP;
END $$;

GRANT INSERT (site_id, request_id, kind, payload, due_at, expires_at, correlation_id) ON edgectl.edge_requests
  TO edgectl_desk;
CREATE POLICY asked ON edgectl.edge_requests FOR INSERT TO edgectl_desk WITH CHECK (true);
