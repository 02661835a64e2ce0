-- When the newest evidence of each cluster's hours was received, so that an hour whose pods are told late is found at once.
ALTER TABLE billing.pod_observations${local} ${on_cluster} ADD PROJECTION IF NOT EXISTS arrivals
(
    SELECT region, cluster, source, toStartOfHour(observed_at), max(received_at)
    GROUP BY region, cluster, source, toStartOfHour(observed_at)
);
