-- One call takes a parcel's lines in: what is here already must be the same, what is missing before them comes first.
-- It is the only way in for lines. It runs with the owner's rights and looks itself whose lines they are: once a parcel,
-- where the rules on rows would look once a statement.

CREATE FUNCTION edgectl.take_lines(
  which_site text, which_journal uuid, follows bigint, seqs bigint[], moments timestamptz[], types text[],
  tasks text[], zones text[], zone_ids integer[], bodies json[], hashes bytea[]) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  there bigint; added bigint; same bigint; total integer := cardinality(seqs);
BEGIN
  PERFORM 1 FROM edgectl.sites WHERE site_id = which_site AND role_name = session_user;
  IF NOT FOUND THEN
    RAISE insufficient_privilege USING MESSAGE = format('%s does not speak for site %s', session_user, which_site);
  END IF;
  -- Nobody else may move this journal before the transaction ends: two uplinks of one site take turns.
  SELECT acknowledged INTO there FROM edgectl.edge_journals
  WHERE site_id = which_site AND journal_id = which_journal FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO edgectl.edge_journals (site_id, journal_id) VALUES (which_site, which_journal) ON CONFLICT DO NOTHING;
    SELECT acknowledged INTO there FROM edgectl.edge_journals
    WHERE site_id = which_site AND journal_id = which_journal FOR UPDATE;
  END IF;
  IF follows > there THEN
    RETURN there;
  END IF;
  INSERT INTO edgectl.edge_entries
    (site_id, journal_id, seq, occurred_at, event_type, task_id, zone, zone_id, body, hash)
  SELECT which_site, which_journal, line.* FROM unnest(seqs, moments, types, tasks, zones, zone_ids, bodies, hashes) line
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added < total OR seqs[1] <= there THEN
    SELECT count(*) INTO same FROM edgectl.edge_entries here JOIN unnest(seqs, hashes) AS sent (seq, hash)
      ON here.seq = sent.seq AND here.hash = sent.hash
    WHERE here.site_id = which_site AND here.journal_id = which_journal AND here.seq BETWEEN seqs[1] AND seqs[total];
    IF same <> total THEN
      RAISE EXCEPTION USING ERRCODE = 'EDG01', MESSAGE = format('%s differ', total - same);
    END IF;
  END IF;
  IF seqs[total] > there THEN
    UPDATE edgectl.edge_journals SET acknowledged = seqs[total], last_hash = hashes[total], heard_at = now()
    WHERE site_id = which_site AND journal_id = which_journal;
  END IF;
  RETURN greatest(there, seqs[total]);
END $$;

REVOKE INSERT ON edgectl.edge_entries FROM edgectl_site;
DROP POLICY own_added ON edgectl.edge_entries;
REVOKE INSERT, UPDATE ON edgectl.edge_journals FROM edgectl_site;
DROP POLICY own_added ON edgectl.edge_journals;
DROP POLICY own_moved ON edgectl.edge_journals;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA edgectl FROM PUBLIC;
GRANT EXECUTE ON FUNCTION edgectl.take_lines(
  text, uuid, bigint, bigint[], timestamptz[], text[], text[], text[], integer[], json[], bytea[]) TO edgectl_site;
