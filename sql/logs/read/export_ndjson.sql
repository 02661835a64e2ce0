-- Reader: all records in the table's own order, so that nothing is sorted or held; each as a line of JSON, which the
-- store writes faster than anybody. {pieces}: what stands between the values, from the beginning to the end; {none}:
-- the trace of a record without one, shown as {absent}. Attributes
-- are written one by one, which takes half as long as a map at once; those in which JSON changes nothing as they are.
-- Whether a line is UTF-8 is cheaper to see in whole columns.
SELECT
${place},
    concat(
        {pieces:Array(String)}[1], replaceOne(toString(l.timestamp), {gap:String}, {tee:String}),
        {pieces:Array(String)}[2], lower(leftPad(hex(l.id), 16, {zero:String})),
        {pieces:Array(String)}[3], toString(l.project_id),
        {pieces:Array(String)}[4], toString(l.environment),
        {pieces:Array(String)}[5], toString(l.service_id),
        {pieces:Array(String)}[6], arrayElement({levels:Array(String)}, least(l.severity + 1, length({levels:Array(String)}))),
        {pieces:Array(String)}[7], toString(l.source),
        {pieces:Array(String)}[8], toJSONString(l.pod),
        {pieces:Array(String)}[9], toJSONString(l.container),
        {pieces:Array(String)}[10], if(lower(hex(l.trace_id)) = {none:String}, {absent:String}, concat({quote:String}, lower(hex(l.trace_id)), {quote:String})),
        {pieces:Array(String)}[11], toJSONString(l.body),
        {pieces:Array(String)}[12], if(
${escaped},
            arrayStringConcat(arrayMap((k, v) -> concat(toJSONString(k), {colon:String}, toJSONString(v)), mapKeys(l.attributes), mapValues(l.attributes)), {comma:String}),
            arrayStringConcat(arrayMap((k, v) -> concat({quote:String}, k, {quote:String}, {colon:String}, {quote:String}, v, {quote:String}), mapKeys(l.attributes), mapValues(l.attributes)), {comma:String})
        ),
        {pieces:Array(String)}[13]
    ) AS line
FROM starmeter.logs AS l
WHERE ${conditions}
ORDER BY l.project_id, l.environment, l.service_id, l.timestamp, l.id
LIMIT {limit:UInt32}
