-- Reader: all records in the table's own order, so that nothing is sorted or held. Texts and attributes come as they are
-- stored: whether they are UTF-8 is cheaper to see in whole columns.
SELECT
${place},
    l.severity,
    toString(l.source) AS source_name,
    l.pod,
    l.container,
    lower(hex(l.trace_id)) AS trace_hex,
    l.body,
    l.attributes,
    lower(leftPad(hex(l.id), 16, {zero:String})) AS id_text
FROM starmeter.logs AS l
WHERE ${conditions}
ORDER BY l.project_id, l.environment, l.service_id, l.timestamp, l.id
LIMIT {limit:UInt32}
