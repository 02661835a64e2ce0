-- Reader: in how many scrape slots of an hour a cluster's collectors were heard, as it was known at a time.
SELECT toInt64(uniqExact(intDiv(toUnixTimestamp(observed_at), {interval:Int64}))) AS heard
FROM billing.heartbeats AS h
WHERE h.region = {region:String} AND h.cluster = {cluster:String} AND h.received_at < toDateTime({as_of:Int64}, 'UTC')
    AND h.observed_at >= toDateTime({first:Int64}, 'UTC') AND h.observed_at < toDateTime({until:Int64}, 'UTC')
