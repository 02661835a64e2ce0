-- Reader: for each pod its one sight in a stretch of time that is the last of them (`backward`), or the first; with
-- `ends` only of ends. Of several in one second the largest counts, as in metering.
-- An empty `uids` means every pod of the cluster. The rules of `sights` for agents and for what is sound hold here, too.
WITH
    seen AS (
        SELECT
            uid,
            source,
            toInt64(toUnixTimestamp(o.observed_at)) AS at,
            toInt64(toUnixTimestamp(o.received_at)) AS received,
            toInt64(CAST(o.phase, 'Int8')) AS phase_number,
            o.cpu_m AS cpu,
            o.memory_b AS memory,
            toInt64(CAST(o.quality, 'Int8')) AS quality_number,
            o.node AS node_name,
            ifNull(toInt64(toUnixTimestamp(o.started_at)), -1) AS started,
            ifNull(toInt64(toUnixTimestamp(o.finished_at)), -1) AS finished,
            ifNull(toInt64(toUnixTimestamp(o.deletion_at)), -1) AS deletion
        FROM billing.pod_observations AS o
        WHERE o.region = {region:String} AND o.cluster = {cluster:String} AND o.received_at < toDateTime({as_of:Int64}, 'UTC')
            AND o.observed_at >= toDateTime({first:Int64}, 'UTC') AND o.observed_at < toDateTime({until:Int64}, 'UTC')
            AND (empty({uids:Array(String)}) OR uid IN ({uids:Array(String)}))
            AND at >= {earliest:Int64} AND at <= received + {skew:Int64} AND started <= at + {skew:Int64}
            AND (phase_number < 3 OR finished = -1 OR (finished <= at + {skew:Int64} AND finished >= started))
            AND cpu <= {most_cpu:Int64} AND memory <= {most_memory:Int64}
    )
SELECT
    uid,
    at AS observed_at,
    phase_number AS phase,
    cpu AS cpu_m,
    memory AS memory_b,
    toString(node_name) AS node,
    nullIf(started, -1) AS started_at,
    nullIf(finished, -1) AS finished_at,
    nullIf(deletion, -1) AS deletion_at,
    received AS received_at,
    quality_number AS quality,
    false AS unbroken
FROM seen
WHERE (source = 'agent' OR (uid, intDiv(at, 300)) NOT IN (SELECT uid, intDiv(at, 300) FROM seen WHERE source = 'agent'))
    AND (NOT {ends:Bool} OR phase_number >= 3)
ORDER BY
    uid,
    if({backward:Bool}, -at, at),
    phase_number DESC, cpu DESC, memory DESC, started DESC, finished DESC, deletion DESC, quality_number DESC
LIMIT 1 BY uid
