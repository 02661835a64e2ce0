-- Reader: what each node of a cluster was told to give, per hour of a stretch: the most, and the last of it; and the last
-- before the stretch, under the hour -1.
SELECT
    toInt64(if(n.observed_at < toDateTime({first:Int64}, 'UTC'), -1, toUnixTimestamp(toStartOfHour(n.observed_at)))) AS hour,
    toString(n.node) AS node,
    max(n.cpu_m) AS cpu_m,
    max(n.memory_b) AS memory_b,
    argMax(n.cpu_m, n.observed_at) AS last_cpu_m,
    argMax(n.memory_b, n.observed_at) AS last_memory_b
FROM billing.nodes AS n
WHERE n.region = {region:String} AND n.cluster = {cluster:String} AND n.received_at < toDateTime({as_of:Int64}, 'UTC')
    AND n.observed_at < toDateTime({until:Int64}, 'UTC')
GROUP BY ALL
ORDER BY hour, node
