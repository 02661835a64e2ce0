-- Reader: what was seen of a cluster's pods in a stretch of time, as it was known at a time. Left out is what says nothing
-- new: a sight between two others of its pod that tell the same, none further apart than the policy's gap. `unbroken`: the
-- sights since the one before it, kept or not, told the same without a hole.
-- An agent knows better than series: in five minutes in which it saw a pod, series say nothing of that pod.
-- An empty `uids` means every pod of the cluster. `is_sound` is what `billing.quarantine` asks of one sight by itself; -1 stands for a time that is not known.
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
            ifNull(toInt64(toUnixTimestamp(o.deletion_at)), -1) AS deletion,
            at >= {earliest:Int64} AND at <= received + {skew:Int64} AND started <= at + {skew:Int64}
                AND (phase_number < 3 OR finished = -1 OR (finished <= at + {skew:Int64} AND finished >= started))
                AND cpu <= {most_cpu:Int64} AND memory <= {most_memory:Int64} AS is_sound,
            cityHash64(phase_number, cpu, memory, quality_number, node_name, started, finished, deletion, is_sound) AS told
        FROM billing.pod_observations AS o
        WHERE o.region = {region:String} AND o.cluster = {cluster:String} AND o.received_at < toDateTime({as_of:Int64}, 'UTC')
            AND o.observed_at >= toDateTime({first:Int64}, 'UTC') AND o.observed_at < toDateTime({until:Int64}, 'UTC')
            AND (empty({uids:Array(String)}) OR uid IN ({uids:Array(String)}))
    ),
    compared AS (
        SELECT
            *,
            -- A second told of twice is left to metering, and nothing is left out on either side of it.
            lagInFrame(told) OVER pod = told AND lagInFrame(cpu) OVER pod = cpu AND lagInFrame(memory) OVER pod = memory
                AND at - lagInFrame(at) OVER pod BETWEEN 1 AND {max_gap:Int64}
                AND lagInFrame(at) OVER pod != lagInFrame(at, 2) OVER pod AS follows,
            leadInFrame(told) OVER pod = told AND leadInFrame(cpu) OVER pod = cpu AND leadInFrame(memory) OVER pod = memory
                AND leadInFrame(at) OVER pod - at BETWEEN 1 AND {max_gap:Int64} AS is_followed
        FROM seen
        WHERE source = 'agent' OR NOT is_sound
            OR (uid, intDiv(at, 300)) NOT IN (SELECT uid, intDiv(at, 300) FROM seen WHERE source = 'agent' AND is_sound)
        WINDOW pod AS (PARTITION BY uid ORDER BY at ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)
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
    toBool(follows) AS unbroken
FROM compared
WHERE NOT (follows AND is_followed)
