-- Whose these pods of a cluster were said to be: every tenant that was named. Read by whoever takes evidence in; by the
-- table's key.
SELECT DISTINCT
    r.uid AS uid,
    toString(r.project_id) AS project_id,
    toString(r.environment) AS environment,
    toString(r.service_id) AS service_id
FROM billing.pod_registrations AS r
WHERE r.region = {region:String}
  AND r.cluster = {cluster:String}
  AND r.uid IN {uids:Array(String)}
