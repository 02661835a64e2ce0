-- What came in within a range, in milliseconds, at most a day late by its own time, so that how much that is does not
-- change; the last line keeps partitions that are long over from being opened.
l.ingested_at >= fromUnixTimestamp64Milli({seen:Int64})
  AND l.ingested_at < fromUnixTimestamp64Milli({until:Int64})
  AND l.timestamp >= l.ingested_at - toIntervalDay(1)
  AND l.timestamp >= fromUnixTimestamp64Nano({floor:Int64})
