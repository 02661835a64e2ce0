-- Reader: how many records came in at each moment, and a digest of which they are; nothing of what they say, so that
-- it costs little to ask again and again. Index: by_ingest.
SELECT
    l.project_id,
    toUnixTimestamp64Milli(l.ingested_at) AS seen,
    count() AS amount,
    groupBitXor(cityHash64(l.id, l.ingested_at)) AS digest
FROM starmeter.logs AS l
WHERE ${conditions}
GROUP BY l.project_id, seen
