-- Reader: the ledger's probe; a server that runs this lets readers write.
INSERT INTO billing.usage (workspace_id) SELECT u.workspace_id FROM billing.usage AS u WHERE 0
