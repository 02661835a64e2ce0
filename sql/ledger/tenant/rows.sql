-- Reader: a workspace's rows of the ledger, pod by pod, of the runs that were published up to a publication.
SELECT
    u.workspace_id AS workspace_text,
    u.project_id AS project_id,
    u.environment AS environment,
    u.service_id AS service_id,
    u.region AS region,
    u.cluster AS cluster,
    toInt64(toUnixTimestamp(u.hour)) AS hour,
    toString(u.meter) AS meter,
    u.source_id AS source_id,
    u.quantity AS quantity,
    u.node AS node,
    toInt64(u.running_s) AS running_s,
    toInt64(u.interpolated_s) AS interpolated_s,
    toInt64(u.unbracketed_s) AS unbracketed_s,
    toInt64(u.segments) AS segments,
    toInt64(toInt8(u.quality)) AS quality
FROM billing.usage AS u
WHERE ${tenant}
  AND u.hour >= toDateTime({start:UInt32}, {utc:String})
  AND u.hour < toDateTime({end:UInt32}, {utc:String})
  AND (u.region, u.cluster, u.hour, u.run_id) IN (
    SELECT p.region, p.cluster, p.hour, argMax(p.run_id, p.sequence)
    FROM billing.publications AS p
    WHERE p.hour >= toDateTime({start:UInt32}, {utc:String}) AND p.hour < toDateTime({end:UInt32}, {utc:String})
      AND p.sequence <= {until:UInt64} AND toString(p.kind) = {published:String}
    GROUP BY p.region, p.cluster, p.hour
  )
