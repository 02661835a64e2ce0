-- Reader: for each pod that was seen in a stretch of time whether nothing changed in it: it was told the same again and
-- again, without a hole and by one source, of which what is given is all that metering needs: the first and the last sight.
-- All others are read by `sights`, whose rules hold here: what series tell of a pod counts for nothing where an agent has
-- seen it.
WITH
    seen AS (
${seen}    ),
    by_source AS (
        SELECT
            uid,
            source,
${steadiness}        FROM seen
        GROUP BY uid, source
    )
SELECT
    uid,
${steady}FROM by_source AS b
GROUP BY uid
