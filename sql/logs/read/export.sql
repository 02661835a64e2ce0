-- Reader: all records in the table's own order, so that nothing is sorted or held; attributes as a map.
SELECT
${place},
    l.severity,
    toString(l.source) AS source_name,
    toValidUTF8(l.pod) AS pod_text,
    toValidUTF8(l.container) AS container_text,
    lower(hex(l.trace_id)) AS trace_hex,
    toValidUTF8(l.body) AS body_text,
    mapApply((k, v) -> (toValidUTF8(k), toValidUTF8(v)), l.attributes) AS attribute_texts,
    lower(leftPad(hex(l.id), 16, {zero:String})) AS id_text
FROM starmeter.logs AS l
WHERE ${conditions}
ORDER BY l.project_id, l.environment, l.service_id, l.timestamp, l.id
LIMIT {limit:UInt32}
