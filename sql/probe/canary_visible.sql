-- Reader: the start-up probe. No condition at all: what is seen is what the server's row policies let through.
SELECT countIf(l.project_id = toUUID('00000000-0000-4000-8000-0000000ca9a1')) AS canary, count() AS all_rows
FROM starmeter.logs AS l
WHERE l.retention_days = 25000
