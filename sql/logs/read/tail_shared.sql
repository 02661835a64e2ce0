-- Reader: records as they came in, for several filters at once; passes: whether each of them lets the record through.
-- Index: by_ingest.
SELECT
${columns},
    toUnixTimestamp64Milli(l.ingested_at) AS seen,
    array(${passes}) AS passes
FROM starmeter.logs AS l
WHERE ${conditions}
ORDER BY l.ingested_at, l.timestamp, l.id
LIMIT {limit:UInt32}
