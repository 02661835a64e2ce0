-- What follows a record in the table's own order; the first line is what the primary key can use.
l.environment >= {after_environment:String}
  AND (l.environment, l.service_id, l.timestamp, l.id)
    > ({after_environment:String}, {after_service:UUID}, fromUnixTimestamp64Nano({after:Int64}), {after_id:UInt64})
