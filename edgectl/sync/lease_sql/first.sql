-- Nobody has led this site before, as far as this database knows.
INSERT INTO edgectl_lease (site, holder, epoch, beat, ttl_ns, expires_at)
VALUES ($1, $2, $3::bigint + 1, 0, $4::bigint, clock_timestamp() + $4::bigint / 1000 * interval '1 microsecond')
ON CONFLICT (site) DO NOTHING
RETURNING epoch
