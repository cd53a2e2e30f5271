-- The lease of a site, and whether its time is over by the clock of this database.
SELECT holder, epoch, beat, ttl_ns, expires_at <= clock_timestamp() AS over, returned
FROM edgectl_lease WHERE site = $1
