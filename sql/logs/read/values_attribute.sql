-- Reader: the values of a field (attribute), the most frequent first.
SELECT
    l.project_id,
    toValidUTF8(l.attributes[{key:String}]) AS found,
    count() AS amount
FROM starmeter.logs AS l
WHERE ${conditions}
GROUP BY l.project_id, found
ORDER BY amount DESC, found
LIMIT {limit:UInt32}
