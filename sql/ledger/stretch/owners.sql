-- Reader: `read/owners` of some pods: whose they are by the first registration that was received by a time; `differs`: a
-- later one names somebody else, which changes nothing. By the table's key.
SELECT
    uid,
    toString(argMin(f.project_id, f.rank)) AS project_id,
    argMin(f.environment, f.rank) AS environment,
    toString(argMin(f.service_id, f.rank)) AS service_id,
    toBool(uniqExact(f.project_id, f.environment, f.service_id) > 1) AS differs
FROM
(
    SELECT
        uid,
        project_id,
        toString(environment) AS environment,
        service_id,
        (r.received_at, toString(project_id), environment, toString(service_id)) AS rank
    FROM billing.pod_registrations AS r
    WHERE r.region = {region:String} AND r.cluster = {cluster:String} AND r.received_at < toDateTime64({as_of:Int64}, 3, 'UTC')
        AND r.uid IN {uids:Array(String)}
) AS f
GROUP BY uid
ORDER BY uid
