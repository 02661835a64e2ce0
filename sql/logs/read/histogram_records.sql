-- Reader: records by bucket and severity, counted one by one, for filters that look into them. Step in nanoseconds.
SELECT
    l.project_id,
    intDiv(toUnixTimestamp64Nano(l.timestamp), {step:Int64}) AS bucket,
    l.severity,
    count() AS amount
FROM starmeter.logs AS l
WHERE ${conditions}
GROUP BY l.project_id, bucket, l.severity
