-- Reader: `read/lives` of the pods that were there in a stretch of time, or that may have been.
SELECT
    uid,
    toInt64(toUnixTimestamp(min(observed_at))) AS first_seen,
    toInt64(toUnixTimestamp(max(observed_at))) AS last_seen,
    toInt64(toUnixTimestamp(min(started_at))) AS first_start,
    toInt64(toUnixTimestamp(minIf(observed_at, phase >= 'succeeded'))) AS first_end
FROM billing.pod_observations
WHERE region = {region:String} AND cluster = {cluster:String}
GROUP BY uid
HAVING max(observed_at) >= toDateTime({first:Int64}, 'UTC')
    AND (min(observed_at) < toDateTime({until:Int64}, 'UTC') OR min(started_at) < toDateTime({until:Int64}, 'UTC'))
