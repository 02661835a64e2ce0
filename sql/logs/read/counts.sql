-- Reader: records and bytes by bucket and by labels. Buckets of {step} nanoseconds begin behind {origin}, which is not
-- in the first one, as their own last nanosecond is. {labels} are places among the labels of a stream; each of {keys}
-- is the attributes that one more label may be.
SELECT
    l.project_id,
    intDiv(toUnixTimestamp64Nano(l.timestamp) - {origin:Int64} - 1, {step:Int64}) AS bucket,
    arrayMap(
        label -> [
            toString(l.project_id), toString(l.environment), toString(l.service_id), toString(l.severity),
            toString(l.source), toValidUTF8(l.pod), toValidUTF8(l.container)
        ][label],
        {labels:Array(UInt8)}
    ) AS label_texts,
    arrayMap(
        names -> toValidUTF8(arrayFirst(v -> notEmpty(v), arrayMap(k -> l.attributes[k], names))),
        {keys:Array(Array(String))}
    ) AS attribute_texts,
    count() AS amount,
    sum(length(l.body)) AS size
FROM starmeter.logs AS l
WHERE ${conditions}
GROUP BY l.project_id, bucket, label_texts, attribute_texts
LIMIT {limit:UInt32}
