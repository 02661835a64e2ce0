-- Reader: what was seen of a cluster's pods in a stretch of time, as it was known at a time. Left out is what says nothing
-- new: a sight between two others of its pod that tell the same, none further apart than the policy's gap. `unbroken`: the
-- sights since the one before it, kept or not, told the same without a hole.
-- An agent knows better than series: in five minutes in which it saw a pod, series say nothing of that pod.
WITH
    seen AS (
${seen}    ),
    compared AS (
        SELECT
            *,
            -- A second told of twice is left to metering, and nothing is left out on either side of it. Of two sights of one
            -- second the sound one comes first, so that the answer is always the same.
            lagInFrame(told) OVER pod = told AND lagInFrame(cpu) OVER pod = cpu AND lagInFrame(memory) OVER pod = memory
                AND at - lagInFrame(at) OVER pod BETWEEN 1 AND {max_gap:Int64}
                AND lagInFrame(at) OVER pod != lagInFrame(at, 2) OVER pod AS follows,
            leadInFrame(told) OVER pod = told AND leadInFrame(cpu) OVER pod = cpu AND leadInFrame(memory) OVER pod = memory
                AND leadInFrame(at) OVER pod - at BETWEEN 1 AND {max_gap:Int64} AS is_followed
        FROM seen
        WHERE source = 'agent' OR NOT is_sound
            OR (uid, intDiv(at, 300)) NOT IN (SELECT uid, intDiv(at, 300) FROM seen WHERE source = 'agent' AND is_sound)
        WINDOW pod AS (
            PARTITION BY uid ORDER BY at, is_sound DESC, told, cpu, memory, received ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING
        )
    )
SELECT
    uid,
${told}    toBool(follows) AS unbroken
FROM compared
WHERE NOT (follows AND is_followed)
