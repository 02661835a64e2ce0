-- Reader: all records in the table's own order, so that nothing is sorted or held; attributes as a map.
SELECT
    l.project_id,
    toString(l.environment) AS environment_text,
    toString(l.service_id) AS service_text,
    l.timestamp,
    l.id,
    l.severity,
    toString(l.source) AS source_name,
    toValidUTF8(l.pod) AS pod_text,
    toValidUTF8(l.container) AS container_text,
    lower(hex(l.trace_id)) AS trace_hex,
    toValidUTF8(l.body) AS body_text,
    mapApply((k, v) -> (toValidUTF8(k), toValidUTF8(v)), l.attributes) AS attribute_texts,
    toString(l.project_id) AS project_text,
    lower(leftPad(hex(l.id), 16, {zero:String})) AS id_text
FROM starmeter.logs AS l
WHERE ${conditions}
ORDER BY l.project_id, l.environment, l.service_id, l.timestamp, l.id
LIMIT {limit:UInt32}
