-- Reader: what a run's rows of one hour add up to, per workspace and meter.
SELECT toString(u.workspace_id) AS workspace_id, CAST(u.meter, 'String') AS meter, toString(sum(toInt128(u.quantity))) AS quantity
FROM billing.usage AS u
WHERE u.hour = toDateTime({hour:Int64}, 'UTC') AND u.run_id = {run:UUID}
GROUP BY workspace_id, meter
