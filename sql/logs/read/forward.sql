-- Reader: a page of records, the oldest first.
SELECT
${columns}
FROM starmeter.logs AS l
WHERE ${conditions}
ORDER BY l.timestamp ASC, l.id ASC
LIMIT {limit:UInt32}
