-- A sign of life. No row: somebody else leads.
UPDATE edgectl_lease
SET beat = beat + 1, expires_at = clock_timestamp() + $4::bigint / 1000 * interval '1 microsecond'
WHERE site = $1 AND holder = $2 AND epoch = $3::bigint AND NOT returned
RETURNING beat
