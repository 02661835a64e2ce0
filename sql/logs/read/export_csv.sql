-- Reader: all records in the table's own order, so that nothing is sorted or held; each as a line of CSV, which the
-- store writes faster than anybody. {pieces}: what stands between the values, from the beginning to the end. A text
-- that matches {formula} has {mark} before it; {none}: the trace of a record without one, shown as {absent}. Attributes
-- are written one by one, which takes half as long as a map at once; those in which JSON changes nothing as they are,
-- which takes a third of the rest. Whether a line is UTF-8 is cheaper to see in whole columns.
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
        {pieces:Array(String)}[8], if(match(l.pod, {formula:String}), {mark:String}, {absent:String}), replaceAll(l.pod, {quote:String}, {quotes:String}),
        {pieces:Array(String)}[9], if(match(l.container, {formula:String}), {mark:String}, {absent:String}), replaceAll(l.container, {quote:String}, {quotes:String}),
        {pieces:Array(String)}[10], if(lower(hex(l.trace_id)) = {none:String}, {absent:String}, lower(hex(l.trace_id))),
        {pieces:Array(String)}[11], if(match(l.body, {formula:String}), {mark:String}, {absent:String}), replaceAll(l.body, {quote:String}, {quotes:String}),
        {pieces:Array(String)}[12], if(
${escaped},
            replaceAll(arrayStringConcat(arrayMap((k, v) -> concat(toJSONString(k), {colon:String}, toJSONString(v)), mapKeys(l.attributes), mapValues(l.attributes)), {comma:String}), {quote:String}, {quotes:String}),
            arrayStringConcat(arrayMap((k, v) -> concat({quotes:String}, k, {quotes:String}, {colon:String}, {quotes:String}, v, {quotes:String}), mapKeys(l.attributes), mapValues(l.attributes)), {comma:String})
        ),
        {pieces:Array(String)}[13]
    ) AS line
FROM starmeter.logs AS l
WHERE ${conditions}
ORDER BY l.project_id, l.environment, l.service_id, l.timestamp, l.id
LIMIT {limit:UInt32}
