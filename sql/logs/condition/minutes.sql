-- A half-open range of whole minutes, in seconds.
l.minute >= fromUnixTimestamp({start:Int64})
  AND l.minute < fromUnixTimestamp({end:Int64})
