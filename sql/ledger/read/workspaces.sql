-- Reader: which workspaces have rows of the runs that count as of a publication.
SELECT DISTINCT toString(u.workspace_id) AS workspace_id
FROM billing.usage AS u
WHERE u.hour >= toDateTime({start:Int64}, 'UTC') AND u.hour < toDateTime({end:Int64}, 'UTC')
    AND (u.region, u.cluster, u.hour, u.run_id) IN (
        SELECT region, cluster, hour, argMax(run_id, sequence)
        FROM billing.publications
        WHERE hour >= toDateTime({start:Int64}, 'UTC') AND hour < toDateTime({end:Int64}, 'UTC')
            AND sequence <= {until:UInt64} AND kind = 'published'
        GROUP BY region, cluster, hour
    )
ORDER BY workspace_id
