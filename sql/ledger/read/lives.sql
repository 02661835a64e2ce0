-- Reader: from when to when each pod of a cluster was ever seen, when it first started and ended; of those seen from a
-- time on. It is answered from a projection, which knows all that was ever received: so it only says where to look.
SELECT
    uid,
    toInt64(toUnixTimestamp(min(observed_at))) AS first_seen,
    toInt64(toUnixTimestamp(max(observed_at))) AS last_seen,
    toInt64(toUnixTimestamp(min(started_at))) AS first_start,
    toInt64(toUnixTimestamp(minIf(observed_at, phase >= 'succeeded'))) AS first_end
FROM billing.pod_observations
WHERE region = {region:String} AND cluster = {cluster:String}
GROUP BY uid
HAVING max(observed_at) >= toDateTime({since:Int64}, 'UTC')
