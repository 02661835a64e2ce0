-- The dead letters that have not been replayed, oldest first, after the one that a page ended with.
SELECT d.received_at, d.id, d.reason, d.detail, d.region, d.cluster, d.protocol, d.payload, d.replayed_at, d.revision
FROM starmeter.dead_letters AS d FINAL
WHERE d.replayed_at IS NULL
  AND d.region = {region:String}
  AND ({reason:String} = '' OR d.reason = {reason:String})
  AND (toUnixTimestamp64Milli(d.received_at), d.id) > ({after:Int64}, {after_id:UInt64})
ORDER BY d.received_at, d.id
LIMIT {n:UInt32}
