-- One record of a project that nobody has.
-- It never expires: by it a reader proves at its start that the row policies work, before it serves anybody. Written
-- once, however often this runs.
INSERT INTO starmeter.logs (project_id, environment, service_id, retention_days, timestamp, id, ingested_at, source, severity, region, pod, container, trace_id, span_id, body)
SELECT
    toUUID('00000000-0000-4000-8000-0000000ca9a1'), 'canary', toUUID('00000000-0000-4000-8000-0000000ca9a1'), 25000,
    toDateTime64('2026-01-01 00:00:00', 9, 'UTC'), 1, toDateTime64('2026-01-01 00:00:00', 3, 'UTC'), 'platform', 9, '',
    'canary', 'canary', '', '', 'canary'
WHERE (
    SELECT count() = 0 FROM starmeter.logs AS l
    WHERE l.project_id = toUUID('00000000-0000-4000-8000-0000000ca9a1')
);
