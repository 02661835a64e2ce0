-- Reader: how many records came in at each moment, and a digest of their ids; nothing of the records themselves, so that
-- it costs little to ask again and again. Index: by_ingest.
SELECT
    l.project_id,
    toUnixTimestamp64Milli(l.ingested_at) AS seen,
    count() AS amount,
    groupBitXor(l.id) AS digest
FROM starmeter.logs AS l
WHERE ${conditions}
GROUP BY l.project_id, seen
