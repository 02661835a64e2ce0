-- Reader: the ledger's probe; evidence is of all tenants.
SELECT count() FROM (SELECT o.uid FROM billing.pod_observations AS o LIMIT 1)
