-- Reader: `read/steady_pods` for several hours at once: for each hour, with `margin` seconds on both its sides, what that
-- statement tells of it alone. `hours` are the beginnings of the hours, `first` and `until` bound them with their margins.
WITH
    seen AS (
${seen}    ),
    placed AS (
        SELECT
            *,
            arrayJoin(arrayFilter(
                hour -> at >= hour - {margin:Int64} AND at < hour + 3600 + {margin:Int64} AND has({hours:Array(Int64)}, hour),
                arrayMap(step -> (intDiv(at, 3600) + step) * 3600, [-1, 0, 1])
            )) AS hour
        FROM seen
    ),
    by_source AS (
        SELECT
            hour,
            uid,
            source,
            min(at) AS first_at,
            max(at) AS last_at,
            min(is_sound) AS are_sound,
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
        FROM placed
        GROUP BY hour, uid, source
    )
SELECT
    toInt64(b.hour) AS hour,
    uid,
    toBool(
        min(are_sound) AND min(is_constant) AND argMax(is_unbroken, source)
        AND intDiv(min(b.first_at), 300) >= intDiv(argMax(b.first_at, source), 300)
        AND intDiv(max(b.last_at), 300) <= intDiv(argMax(b.last_at, source), 300)
    ) AS is_steady,
    argMax(b.first_at, source) AS first_at,
    argMax(b.last_at, source) AS last_at,
    argMax(b.phase, source) AS phase,
    argMax(b.cpu_m, source) AS cpu_m,
    argMax(b.memory_b, source) AS memory_b,
    toString(argMax(b.node, source)) AS node,
    nullIf(argMax(b.started_at, source), -1) AS started_at,
    nullIf(argMax(b.finished_at, source), -1) AS finished_at,
    nullIf(argMax(b.deletion_at, source), -1) AS deletion_at,
    argMax(b.received_at, source) AS received_at,
    argMax(b.quality, source) AS quality
FROM by_source AS b
GROUP BY b.hour, uid
