-- Reader: the most that each node of a cluster could give in an hour: what was told of it then, and last before.
SELECT toString(node) AS node, max(cpu_m) AS cpu_m, max(memory_b) AS memory_b
FROM
(
    SELECT n.node AS node, n.cpu_m AS cpu_m, n.memory_b AS memory_b
    FROM billing.nodes AS n
    WHERE n.region = {region:String} AND n.cluster = {cluster:String} AND n.received_at < toDateTime({as_of:Int64}, 'UTC')
        AND n.observed_at >= toDateTime({first:Int64}, 'UTC') AND n.observed_at < toDateTime({until:Int64}, 'UTC')
    UNION ALL
    SELECT n.node AS node, argMax(n.cpu_m, n.observed_at) AS cpu_m, argMax(n.memory_b, n.observed_at) AS memory_b
    FROM billing.nodes AS n
    WHERE n.region = {region:String} AND n.cluster = {cluster:String} AND n.received_at < toDateTime({as_of:Int64}, 'UTC')
        AND n.observed_at < toDateTime({first:Int64}, 'UTC')
    GROUP BY n.node
)
GROUP BY node
ORDER BY node
