-- A half-open range of time, in nanoseconds.
l.timestamp >= fromUnixTimestamp64Nano({start:Int64})
  AND l.timestamp < fromUnixTimestamp64Nano({end:Int64})
