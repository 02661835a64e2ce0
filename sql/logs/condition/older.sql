-- What follows a record when the newest come first; the first line is what the primary key can use.
l.timestamp <= fromUnixTimestamp64Nano({after:Int64})
  AND (l.timestamp, l.id) < (fromUnixTimestamp64Nano({after:Int64}), {after_id:UInt64})
