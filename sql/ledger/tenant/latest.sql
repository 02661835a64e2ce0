-- Reader: the last publication that a workspace's reader can see; publications are no tenant's.
SELECT max(p.sequence) AS sequence FROM billing.publications AS p
