-- Reader: for each pod that was seen in a stretch of time whether nothing changed in it: it was told the same again and
-- again, without a hole and by one source, of which what is given is all that metering needs: the first and the last sight.
-- All others are read by `sights`, whose rules hold here: what series tell of a pod counts for nothing where an agent has
-- seen it.
WITH
    seen AS (
        SELECT
            uid,
            source,
            toInt64(toUnixTimestamp(o.observed_at)) AS at,
            toInt64(toUnixTimestamp(o.received_at)) AS received,
            CAST(o.phase, 'Int8') AS phase_number,
            CAST(o.quality, 'Int8') AS quality_number,
            o.cpu_m AS cpu,
            o.memory_b AS memory,
            o.node AS node_name,
            ifNull(toInt64(toUnixTimestamp(o.started_at)), -1) AS started,
            ifNull(toInt64(toUnixTimestamp(o.finished_at)), -1) AS finished,
            ifNull(toInt64(toUnixTimestamp(o.deletion_at)), -1) AS deletion,
            cityHash64(phase_number, cpu, memory, quality_number, node_name, started, finished, deletion) AS told
        FROM billing.pod_observations AS o
        WHERE o.region = {region:String} AND o.cluster = {cluster:String} AND o.received_at < toDateTime({as_of:Int64}, 'UTC')
            AND o.observed_at >= toDateTime({first:Int64}, 'UTC') AND o.observed_at < toDateTime({until:Int64}, 'UTC')
    ),
    by_source AS (
        SELECT
            uid,
            source,
            min(at) AS first_at,
            max(at) AS last_at,
            max(at - received) <= {skew:Int64} AS is_past,
            -- Amounts are compared themselves: nobody may make two of them that look alike.
            min(told) = max(told) AND min(cpu) = max(cpu) AND min(memory) = max(memory) AS is_constant,
            arrayMax(arrayDifference(arraySort(groupArray(toInt32(at - {first:Int64}))))) <= {max_gap:Int64} AS is_unbroken,
            any(phase_number) AS phase,
            any(cpu) AS cpu_m,
            any(memory) AS memory_b,
            any(node_name) AS node,
            any(started) AS started_at,
            any(finished) AS finished_at,
            any(deletion) AS deletion_at,
            max(received) AS received_at,
            any(quality_number) AS quality
        FROM seen
        GROUP BY uid, source
    )
SELECT
    uid,
    toBool(
        min(is_past) AND argMax(is_constant AND is_unbroken, source)
        AND intDiv(min(b.first_at), 300) >= intDiv(argMax(b.first_at, source), 300)
        AND intDiv(max(b.last_at), 300) <= intDiv(argMax(b.last_at, source), 300)
        AND min(
            b.started_at <= b.first_at + {skew:Int64} AND b.cpu_m <= {most_cpu:Int64} AND b.memory_b <= {most_memory:Int64}
            AND b.first_at >= {earliest:Int64}
            AND (b.phase < 3 OR b.finished_at = -1 OR (b.finished_at <= b.first_at + {skew:Int64} AND b.finished_at >= b.started_at))
        )
        AND min(is_constant)
    ) AS is_steady,
    argMax(b.first_at, source) AS first_at,
    argMax(b.last_at, source) AS last_at,
    toInt64(argMax(b.phase, source)) AS phase,
    argMax(b.cpu_m, source) AS cpu_m,
    argMax(b.memory_b, source) AS memory_b,
    toString(argMax(b.node, source)) AS node,
    nullIf(argMax(b.started_at, source), -1) AS started_at,
    nullIf(argMax(b.finished_at, source), -1) AS finished_at,
    nullIf(argMax(b.deletion_at, source), -1) AS deletion_at,
    argMax(b.received_at, source) AS received_at,
    toInt64(argMax(b.quality, source)) AS quality
FROM by_source AS b
GROUP BY uid
