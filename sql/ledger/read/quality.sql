-- Reader: per workspace and meter what was used in a period, and how sure its evidence is, of the runs that count as of a
-- publication. Seconds are those of CPU's rows, as a pod has one of each meter.
SELECT
    workspace_id,
    CAST(u.meter, 'String') AS meter,
    -- Of Int64 the engine would wrap around without a word.
    toString(sum(toInt128(quantity))) AS quantity,
    toInt64(sumIf(unbracketed_s, meter = 'cpu_mcore_s')) AS unbracketed_s,
    toInt64(sumIf(interpolated_s, meter = 'cpu_mcore_s')) AS interpolated_s,
    toInt64(countIf(meter = 'cpu_mcore_s' AND quality = 'floor')) AS floored_pod_hours
FROM billing.usage AS u
WHERE u.hour >= toDateTime({start:Int64}, 'UTC') AND u.hour < toDateTime({end:Int64}, 'UTC')
    AND (u.region, u.cluster, u.hour, u.run_id) IN (
        SELECT region, cluster, hour, argMax(run_id, (kind = 'published', sequence))
        FROM billing.publications
        WHERE hour >= toDateTime({start:Int64}, 'UTC') AND hour < toDateTime({end:Int64}, 'UTC')
            AND sequence <= {until:UInt64} AND kind = 'published'
        GROUP BY region, cluster, hour
    )
GROUP BY workspace_id, u.meter
ORDER BY workspace_id, u.meter
