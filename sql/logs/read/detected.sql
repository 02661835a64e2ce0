-- Reader: which attributes records have, each with how many values, the most frequent first.
SELECT
    l.project_id,
    toValidUTF8((arrayJoin(l.attributes) AS pair).1) AS field_name,
    count() AS amount,
    uniq(pair.2) AS different
FROM starmeter.logs AS l
WHERE ${conditions}
GROUP BY l.project_id, field_name
ORDER BY amount DESC, field_name
LIMIT {limit:UInt32}
