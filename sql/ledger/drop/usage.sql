-- Writer: the rows of estimates that count no more. They are marked, and merges leave them out: no other row is written
-- anew. Nothing is looked up here, so that every replica takes away the same rows.
DELETE FROM billing.usage
WHERE hour >= toDateTime({first:Int64}, 'UTC') AND hour <= toDateTime({last:Int64}, 'UTC')
    AND run_id IN {runs:Array(UUID)}
