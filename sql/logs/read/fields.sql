-- Reader: which attributes records have, the most frequent first.
SELECT
    l.project_id,
    toValidUTF8(arrayJoin(mapKeys(l.attributes))) AS field_name,
    count() AS amount
FROM starmeter.logs AS l
WHERE ${conditions}
GROUP BY l.project_id, field_name
ORDER BY amount DESC, field_name
LIMIT {limit:UInt32}
