-- Reader: what services used per day and stretch without a price change, of the runs that count as of a publication.
-- `cuts` are the hours at which some price changes: `since` is the last of them that the hour is not before, 0 for none.
-- An empty `workspace` is every workspace. Rows come in no order. A run has one region and cluster, so that its hour and
-- its id tell its rows: these two are compared for each of a month's rows in a third of the time that all four take.
SELECT
    toInt64(toUnixTimestamp(toStartOfDay(u.hour, 'UTC'))) AS day,
    toInt64(arrayMax(arrayConcat([0], arrayFilter(cut -> cut <= toUnixTimestamp(u.hour), {cuts:Array(Int64)})))) AS since,
    u.workspace_id AS workspace_id,
    u.project_id AS project_id,
    u.environment AS environment,
    u.service_id AS service_id,
    u.region AS region,
    CAST(u.meter, 'String') AS meter,
    -- Of Int64 the engine would wrap around without a word.
    toString(sum(toInt128(u.quantity))) AS quantity
FROM billing.usage AS u
WHERE ({workspace:String} = '' OR u.workspace_id = {workspace:String}) AND u.quantity > 0
    AND u.hour >= toDateTime({start:Int64}, 'UTC') AND u.hour < toDateTime({end:Int64}, 'UTC')
    AND (u.hour, u.run_id) IN (
        SELECT hour, argMax(run_id, (kind = 'published', sequence))
        FROM billing.publications
        WHERE hour >= toDateTime({start:Int64}, 'UTC') AND hour < toDateTime({end:Int64}, 'UTC')
            AND sequence <= {until:UInt64} AND (kind = 'published' OR {estimates:Bool})
        GROUP BY region, cluster, hour
    )
GROUP BY ALL
