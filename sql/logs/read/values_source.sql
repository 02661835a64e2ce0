-- Reader: the values of a field (source), the most frequent first.
SELECT
    l.project_id,
    toString(l.source) AS found,
    count() AS amount
FROM starmeter.logs AS l
WHERE ${conditions}
GROUP BY l.project_id, found
ORDER BY amount DESC, found
LIMIT {limit:UInt32}
