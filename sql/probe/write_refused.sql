-- Reader: the start-up probe; a server that runs this lets readers write.
INSERT INTO starmeter.logs (retention_days) SELECT 0 WHERE 0
