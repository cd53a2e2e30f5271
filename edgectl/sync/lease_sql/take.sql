-- Take the lease if it is still exactly as it was seen, and free: over, given back, or our own of a former life.
UPDATE edgectl_lease
SET holder = $2, epoch = greatest(epoch, $3::bigint) + 1, beat = 0, ttl_ns = $4::bigint, returned = false,
    expires_at = clock_timestamp() + $4::bigint / 1000 * interval '1 microsecond'
WHERE site = $1 AND epoch = $5::bigint AND beat = $6::bigint
  AND (returned OR holder = $2 OR expires_at <= clock_timestamp())
RETURNING epoch
