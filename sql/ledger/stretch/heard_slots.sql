-- Reader: in how many scrape slots of each hour of a stretch a cluster's collectors were heard, as it was known at a time.
SELECT
    toInt64(toUnixTimestamp(toStartOfHour(h.observed_at))) AS hour,
    toInt64(uniqExact(intDiv(toUnixTimestamp(h.observed_at), {interval:Int64}))) AS heard
FROM billing.heartbeats AS h
WHERE h.region = {region:String} AND h.cluster = {cluster:String} AND h.received_at < toDateTime({as_of:Int64}, 'UTC')
    AND h.observed_at >= toDateTime({first:Int64}, 'UTC') AND h.observed_at < toDateTime({until:Int64}, 'UTC')
GROUP BY hour
