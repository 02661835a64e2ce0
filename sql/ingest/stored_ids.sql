-- Which of these records the store has. The projects and the time range bound what is read; the id alone decides.
SELECT l.id
FROM starmeter.logs AS l
PREWHERE l.project_id IN {projects:Array(UUID)}
WHERE l.timestamp >= fromUnixTimestamp64Nano({first:Int64})
  AND l.timestamp <= fromUnixTimestamp64Nano({last:Int64})
  AND l.id IN {ids:Array(UInt64)}
