-- Reader: `read/sights` for several hours at once: for each hour, with its margins, what that statement tells of it alone.
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
        WHERE source = 'agent' OR NOT is_sound
            OR (uid, intDiv(at, 300)) NOT IN (SELECT uid, intDiv(at, 300) FROM seen WHERE source = 'agent' AND is_sound)
    ),
    compared AS (
        SELECT
            *,
            lagInFrame(told) OVER pod = told AND lagInFrame(cpu) OVER pod = cpu AND lagInFrame(memory) OVER pod = memory
                AND at - lagInFrame(at) OVER pod BETWEEN 1 AND {max_gap:Int64}
                AND lagInFrame(at) OVER pod != lagInFrame(at, 2) OVER pod AS follows,
            leadInFrame(told) OVER pod = told AND leadInFrame(cpu) OVER pod = cpu AND leadInFrame(memory) OVER pod = memory
                AND leadInFrame(at) OVER pod - at BETWEEN 1 AND {max_gap:Int64} AS is_followed
        FROM placed
        WINDOW pod AS (
            PARTITION BY hour, uid ORDER BY at, is_sound DESC, told, cpu, memory, received
            ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING
        )
    )
SELECT
    toInt64(hour) AS hour,
    uid,
${told}    toBool(follows) AS unbroken
FROM compared
WHERE NOT (follows AND is_followed)
