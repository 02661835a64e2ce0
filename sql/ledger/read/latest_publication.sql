-- Reader: the last publication that the ledger knows; 0 for none.
SELECT toInt64(max(sequence)) AS sequence FROM billing.publications
