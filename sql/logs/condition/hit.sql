-- One record by its time and id.
l.timestamp = fromUnixTimestamp64Nano({at:Int64})
  AND l.id = {id:UInt64}
