-- The leader has seen its outputs off and says nothing any more.
UPDATE edgectl_lease SET returned = true, beat = beat + 1
WHERE site = $1 AND holder = $2 AND epoch = $3::bigint
RETURNING epoch
