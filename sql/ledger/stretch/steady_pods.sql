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
${steadiness}        FROM placed
        GROUP BY hour, uid, source
    )
SELECT
    toInt64(b.hour) AS hour,
    uid,
${steady}FROM by_source AS b
GROUP BY b.hour, uid
