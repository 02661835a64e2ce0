-- Reader: a page of records, the newest first.
SELECT
${columns}
FROM starmeter.logs AS l
WHERE ${conditions}
ORDER BY l.timestamp DESC, l.id DESC
LIMIT {limit:UInt32}
