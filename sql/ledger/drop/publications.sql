-- Writer: the entries of estimates that count no more.
DELETE FROM billing.publications
WHERE hour >= toDateTime({first:Int64}, 'UTC') AND hour <= toDateTime({last:Int64}, 'UTC')
    AND kind = 'estimate' AND run_id IN {runs:Array(UUID)}
