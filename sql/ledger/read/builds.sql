-- Reader: every final report about the builds of which one says that they ran in an hour of a region, or that leaves out
-- one of its times and came in that hour; as it was known at a time. Reports of other regions about the same builds are
-- among them: a build that two regions tell of is not to be billed by both.
SELECT
    toString(b.region) AS told_by,
    build_id,
    delivery_id,
    toString(project_id) AS project_id,
    toString(environment) AS environment,
    toString(service_id) AS service_id,
    CAST(state, 'String') AS state,
    toInt64(toUnixTimestamp(started_at)) AS started_at,
    toInt64(toUnixTimestamp(finished_at)) AS finished_at,
    toInt64(toUnixTimestamp(received_at)) AS received_at
FROM billing.build_events AS b
WHERE b.received_at < toDateTime({as_of:Int64}, 'UTC') AND b.state >= 'succeeded'
    AND b.build_id IN (
        SELECT build_id
        FROM billing.build_events AS e
        WHERE e.region = {region:String} AND e.received_at < toDateTime({as_of:Int64}, 'UTC') AND e.state >= 'succeeded'
            AND if(
                e.started_at IS NULL OR e.finished_at IS NULL,
                e.received_at >= toDateTime({first:Int64}, 'UTC') AND e.received_at < toDateTime({until:Int64}, 'UTC'),
                e.started_at < toDateTime({until:Int64}, 'UTC') AND e.finished_at > toDateTime({first:Int64}, 'UTC')
            )
    )
ORDER BY b.build_id, b.received_at, b.delivery_id, b.state, b.region
