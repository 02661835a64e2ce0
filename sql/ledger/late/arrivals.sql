-- Reader: of each cluster's hours, and of each region's hours with builds, when the newest of what agents and builders
-- told of them was received. What is collected from series is not looked at: that is done by the run itself.
-- Sights are answered from the projection `arrivals`.
SELECT toString(a.region) AS region, toString(a.cluster) AS cluster, toInt64(toUnixTimestamp(a.hour)) AS hour, toInt64(toUnixTimestamp(max(a.newest))) AS newest
FROM
(
    SELECT region, cluster, toStartOfHour(observed_at) AS hour, max(received_at) AS newest
    FROM billing.pod_observations
    WHERE source = 'agent' AND toStartOfHour(observed_at) >= toDateTime({first:Int64}, 'UTC')
        AND toStartOfHour(observed_at) < toDateTime({until:Int64}, 'UTC')
    GROUP BY region, cluster, toStartOfHour(observed_at)
    UNION ALL
    SELECT h.region AS region, h.cluster AS cluster, toStartOfHour(h.observed_at) AS hour, max(h.received_at) AS newest
    FROM billing.heartbeats AS h
    WHERE h.source = 'agent' AND h.observed_at >= toDateTime({first:Int64}, 'UTC') AND h.observed_at < toDateTime({until:Int64}, 'UTC')
    GROUP BY region, cluster, hour
    UNION ALL
    -- A report about a build concerns all hours in which any of its reports says that it ran, in whatever region: they
    -- may contradict one another.
    SELECT ran.region AS region, '' AS cluster, ran.hour AS hour, told.newest AS newest
    FROM
    (
        SELECT
            region,
            build_id,
            arrayJoin(arrayMap(
                step -> toStartOfHour(b.started_at) + step * 3600,
                range(least(toUInt32(dateDiff('hour', assumeNotNull(b.started_at), assumeNotNull(b.finished_at))) + 1, 48))
            )) AS hour
        FROM billing.build_events AS b
        WHERE b.state >= 'succeeded' AND b.started_at <= b.finished_at
            AND b.started_at < toDateTime({until:Int64}, 'UTC') AND b.finished_at >= toDateTime({first:Int64}, 'UTC')
    ) AS ran
    INNER JOIN
    (
        SELECT build_id, max(received_at) AS newest
        FROM billing.build_events
        WHERE state >= 'succeeded' AND received_at >= toDateTime({first:Int64}, 'UTC')
        GROUP BY build_id
    ) AS told ON told.build_id = ran.build_id
    UNION ALL
    -- Whose a pod is concerns all hours in which it was seen; the first registration holds.
    SELECT
        owned.region AS region,
        owned.cluster AS cluster,
        arrayJoin(arrayMap(
            step -> toStartOfHour(lives.first_seen) + step * 3600,
            range(toUInt32(dateDiff('hour', lives.first_seen, least(lives.last_seen, toDateTime({until:Int64}, 'UTC')))) + 1)
        )) AS hour,
        owned.registered_at AS newest
    FROM
    (
        SELECT region, cluster, uid, toDateTime(min(r.received_at), 'UTC') AS registered_at
        FROM billing.pod_registrations AS r
        GROUP BY region, cluster, uid
        HAVING registered_at >= toDateTime({first:Int64}, 'UTC') AND argMin(r.source, r.received_at) = 'agent'
    ) AS owned
    INNER JOIN
    (
        SELECT region, cluster, uid, min(observed_at) AS first_seen, max(observed_at) AS last_seen
        FROM billing.pod_observations
        GROUP BY region, cluster, uid
    ) AS lives ON lives.region = owned.region AND lives.cluster = owned.cluster AND lives.uid = owned.uid
    WHERE owned.registered_at >= toStartOfHour(lives.first_seen) + 3600 AND lives.first_seen < toDateTime({until:Int64}, 'UTC')
        AND lives.last_seen >= toDateTime({first:Int64}, 'UTC')
) AS a
WHERE a.hour >= toDateTime({first:Int64}, 'UTC') AND a.hour < toDateTime({until:Int64}, 'UTC')
GROUP BY a.region, a.cluster, a.hour
ORDER BY a.hour, a.region, a.cluster
