-- What came in after a position and before a time, in milliseconds, at most a day late by its own time; the first line is
-- what the index by_ingest can use, the last one keeps partitions that are long over from being opened.
l.ingested_at >= fromUnixTimestamp64Milli({seen:Int64})
  AND l.ingested_at < fromUnixTimestamp64Milli({until:Int64})
  AND (l.ingested_at, l.timestamp, l.id)
    > (fromUnixTimestamp64Milli({seen:Int64}), fromUnixTimestamp64Nano({after:Int64}), {after_id:UInt64})
  AND l.timestamp >= l.ingested_at - toIntervalDay(1)
  AND l.timestamp >= fromUnixTimestamp64Nano({floor:Int64})
