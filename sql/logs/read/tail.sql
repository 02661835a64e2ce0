-- Reader: records as they came in. Index: by_ingest.
SELECT
${columns},
    toUnixTimestamp64Milli(l.ingested_at) AS seen
FROM starmeter.logs AS l
WHERE ${conditions}
ORDER BY l.ingested_at, l.timestamp, l.id
LIMIT {limit:UInt32}
