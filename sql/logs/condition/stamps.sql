-- What came in at some moments, in milliseconds.
toUnixTimestamp64Milli(l.ingested_at) IN {stamps:Array(Int64)}
