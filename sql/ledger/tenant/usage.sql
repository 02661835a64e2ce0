-- Reader: a workspace's usage, added up per grain, chosen parts of the tenant, meter and span between price changes. Of
-- each slice the run counts that was published last up to `until`; an estimate only where nothing else is published.
-- Rows come in the order of their names and begin behind the row that a cursor stands for.
SELECT
    u.workspace_id AS workspace_text,
    intDiv(toUnixTimestamp(u.hour), {grain:UInt32}) * {grain:UInt32} AS begin,
    if({by_project:UInt8} = 1, u.project_id, {any:String}) AS project_text,
    if({by_environment:UInt8} = 1, u.environment, {any:String}) AS environment_text,
    if({by_service:UInt8} = 1, u.service_id, {any:String}) AS service_text,
    if({by_region:UInt8} = 1, u.region, {any:String}) AS region_text,
    toString(u.meter) AS meter_text,
    arrayCount(change -> change <= toUnixTimestamp(u.hour), {changes:Array(UInt32)}) AS segment,
    toDecimal128(sum(toInt128(u.quantity)), 0) AS base_quantity,
    max(u.run_id IN (
        SELECT e.run_id FROM billing.publications AS e
        WHERE e.hour >= toDateTime({start:UInt32}, {utc:String}) AND e.hour < toDateTime({end:UInt32}, {utc:String})
          AND toString(e.kind) = {estimate:String}
    )) AS is_estimate
FROM billing.usage AS u
WHERE ${tenant}
  AND u.hour >= toDateTime({start:UInt32}, {utc:String})
  AND u.hour < toDateTime({end:UInt32}, {utc:String})
  AND ({project:String} = {any:String} OR u.project_id = {project:String})
  AND ({environment:String} = {any:String} OR u.environment = {environment:String})
  AND ({service:String} = {any:String} OR u.service_id = {service:String})
  AND ({region:String} = {any:String} OR u.region = {region:String})
  AND ({meter:String} = {any:String} OR toString(u.meter) = {meter:String})
  AND (u.region, u.cluster, u.hour, u.run_id) IN (
    SELECT p.region, p.cluster, p.hour, argMax(p.run_id, (toString(p.kind) != {estimate:String}, p.sequence))
    FROM billing.publications AS p
    WHERE p.hour >= toDateTime({start:UInt32}, {utc:String}) AND p.hour < toDateTime({end:UInt32}, {utc:String})
      AND p.sequence <= {until:UInt64}
      AND ({estimates:UInt8} = 1 OR toString(p.kind) != {estimate:String})
    GROUP BY p.region, p.cluster, p.hour
  )
  AND (begin, project_text, environment_text, service_text, region_text, meter_text) > (
    {after:UInt32}, {after_project:String}, {after_environment:String}, {after_service:String},
    {after_region:String}, {after_meter:String}
  )
GROUP BY workspace_text, begin, project_text, environment_text, service_text, region_text, meter_text, segment
ORDER BY begin, project_text, environment_text, service_text, region_text, meter_text, segment
