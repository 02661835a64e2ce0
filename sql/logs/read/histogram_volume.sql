-- Reader: records by bucket and severity from the volume by minute. Step in seconds, whole minutes.
SELECT
    l.project_id,
    intDiv(toUnixTimestamp(l.minute), {step:Int64}) AS bucket,
    l.severity,
    sum(l.records) AS amount
FROM starmeter.logs_volume_1m AS l
WHERE ${conditions}
GROUP BY l.project_id, bucket, l.severity
