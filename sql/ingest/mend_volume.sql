-- Adds to the volume by minute what the records of these projects and minutes have more than it: a server that was
-- killed during an insert may keep the records and forget the view's part of them, token and all.
INSERT INTO starmeter.logs_volume_1m
    (project_id, environment, service_id, retention_days, minute, source, severity, records, bytes)
SELECT
    both.project_id, both.environment, both.service_id, both.retention_days, both.minute, both.source, both.severity,
    toUInt64(sum(both.n)), toUInt64(greatest(sum(both.b), 0))
FROM (
    SELECT
        l.project_id AS project_id, l.environment AS environment, l.service_id AS service_id,
        l.retention_days AS retention_days, toStartOfMinute(l.timestamp) AS minute, l.source AS source,
        l.severity AS severity, toInt64(count()) AS n, toInt64(sum(length(l.body))) AS b
    FROM starmeter.logs AS l
    WHERE l.project_id IN {projects:Array(UUID)}
      AND l.timestamp >= toStartOfMinute(fromUnixTimestamp64Nano({first:Int64}))
      AND l.timestamp < toStartOfMinute(fromUnixTimestamp64Nano({last:Int64})) + toIntervalMinute(1)
    GROUP BY project_id, environment, service_id, retention_days, minute, source, severity
    UNION ALL
    SELECT
        v.project_id AS project_id, v.environment AS environment, v.service_id AS service_id,
        v.retention_days AS retention_days, v.minute AS minute, v.source AS source,
        v.severity AS severity, -toInt64(sum(v.records)) AS n, -toInt64(sum(v.bytes)) AS b
    FROM starmeter.logs_volume_1m AS v
    WHERE v.project_id IN {projects:Array(UUID)}
      AND v.minute >= toStartOfMinute(fromUnixTimestamp64Nano({first:Int64}))
      AND v.minute <= toStartOfMinute(fromUnixTimestamp64Nano({last:Int64}))
    GROUP BY project_id, environment, service_id, retention_days, minute, source, severity
) AS both
GROUP BY
    both.project_id, both.environment, both.service_id, both.retention_days, both.minute, both.source, both.severity
HAVING sum(both.n) > 0
