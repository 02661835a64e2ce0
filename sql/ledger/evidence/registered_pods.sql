-- Which of these pods of a cluster are somebody's already. Read by whoever takes evidence in; by the table's key.
SELECT DISTINCT r.uid
FROM billing.pod_registrations AS r
WHERE r.region = {region:String}
  AND r.cluster = {cluster:String}
  AND r.uid IN {uids:Array(String)}
