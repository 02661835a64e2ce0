-- Reader: the ledger's probe. No condition at all: what is seen is what the row policy lets through.
SELECT count() FROM (SELECT u.hour FROM billing.usage AS u LIMIT 1)
