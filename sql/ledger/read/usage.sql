-- Reader: one workspace's rows of the runs that count as of a publication. An estimate counts where nothing is published.
-- A run has one region and cluster, so that its hour and its id tell its rows.
SELECT
    workspace_id,
    project_id,
    environment,
    service_id,
    region,
    cluster,
    toInt64(toUnixTimestamp(hour)) AS hour,
    CAST(meter, 'String') AS meter,
    source_id,
    quantity,
    node,
    toInt64(running_s) AS running_s,
    toInt64(interpolated_s) AS interpolated_s,
    toInt64(unbracketed_s) AS unbracketed_s,
    toInt64(segments) AS segments,
    toInt64(CAST(quality, 'Int8')) AS quality
FROM billing.usage AS u
WHERE u.workspace_id = {workspace:String}
    AND u.hour >= toDateTime({start:Int64}, 'UTC') AND u.hour < toDateTime({end:Int64}, 'UTC')
    AND (u.hour, u.run_id) IN (
        SELECT hour, argMax(run_id, (kind = 'published', sequence))
        FROM billing.publications
        WHERE hour >= toDateTime({start:Int64}, 'UTC') AND hour < toDateTime({end:Int64}, 'UTC')
            AND sequence <= {until:UInt64} AND (kind = 'published' OR {estimates:Bool})
        GROUP BY region, cluster, hour
    )
