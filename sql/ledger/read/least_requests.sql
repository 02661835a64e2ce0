-- Reader: the least that was ever told of some pods' requests, as it was known at a time.
SELECT uid, min(o.cpu_m) AS cpu_m, min(o.memory_b) AS memory_b
FROM billing.pod_observations AS o
WHERE o.region = {region:String} AND o.cluster = {cluster:String} AND o.received_at < toDateTime({as_of:Int64}, 'UTC')
    AND o.uid IN ({uids:Array(String)})
GROUP BY uid
ORDER BY uid
