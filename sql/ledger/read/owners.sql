-- Reader: whose a cluster's pods are: the first registration that was received by a time; of those seen from a time on.
-- `differs`: a later one names somebody else, which changes nothing.
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
        AND r.uid IN (
            SELECT uid
            FROM billing.pod_observations
            WHERE region = {region:String} AND cluster = {cluster:String}
            GROUP BY uid
            HAVING max(observed_at) >= toDateTime({since:Int64}, 'UTC')
        )
) AS f
GROUP BY uid
ORDER BY uid
