-- Reader: whoever writes a past into the ledger: in how many half minutes of each day an agent was heard there already.
SELECT toInt64(toUnixTimestamp(toStartOfDay(h.observed_at))) AS day, toInt64(uniqExact(intDiv(toUnixTimestamp(h.observed_at), 30))) AS heard
FROM billing.heartbeats AS h
WHERE h.region = {region:String} AND h.cluster = {cluster:String} AND h.source = 'agent'
    AND h.observed_at >= toDateTime({first:Int64}, 'UTC') AND h.observed_at < toDateTime({until:Int64}, 'UTC')
GROUP BY day
