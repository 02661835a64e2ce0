-- Reader: how many records came in within a range, for a client that was too slow for them.
SELECT
    l.project_id,
    count() AS amount
FROM starmeter.logs AS l
WHERE ${conditions}
GROUP BY l.project_id
