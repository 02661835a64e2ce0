-- The columns of a record. No alias is a column's name, for a condition would mean the alias.
    l.project_id,
    l.environment,
    l.service_id,
    toUnixTimestamp64Nano(l.timestamp) AS at,
    l.id,
    l.severity,
    toString(l.source) AS source_name,
    toValidUTF8(l.pod) AS pod_text,
    toValidUTF8(l.container) AS container_text,
    lower(hex(l.trace_id)) AS trace_hex,
    toValidUTF8(l.body) AS body_text,
    mapApply((k, v) -> (toValidUTF8(k), toValidUTF8(v)), l.attributes) AS attribute_texts
