-- The log table of a region, its dead letters, and the volume by minute that histograms are drawn from.
CREATE DATABASE IF NOT EXISTS starmeter ${on_cluster};

-- Tenant first: the front-door always names the project, mostly the environment and the service, too. The id ends the
-- order so that a page can be continued after any record; it is a hash of the record, so that one delivered twice is
-- the same record.
-- One part holds one retention and one day, and all of it expires at one moment: whole partitions are dropped, and a
-- plan's days can change without an ALTER. Never put a tenant into the partition key.
CREATE TABLE IF NOT EXISTS starmeter.logs${local} ${on_cluster}
(
    project_id UUID CODEC(ZSTD(1)),
    environment LowCardinality(String) CODEC(ZSTD(1)),
    service_id UUID CODEC(ZSTD(1)),
    retention_days UInt16 CODEC(ZSTD(1)),
    timestamp DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    id UInt64 CODEC(ZSTD(1)),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    source Enum8('app' = 1, 'build' = 2, 'http' = 3, 'platform' = 4) CODEC(ZSTD(1)),
    severity UInt8 CODEC(ZSTD(1)),
    region LowCardinality(String) CODEC(ZSTD(1)),
    pod LowCardinality(String) CODEC(ZSTD(1)),
    container LowCardinality(String) CODEC(ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    body String CODEC(ZSTD(1)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_token lower(body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 1,
    INDEX by_ingest ingested_at TYPE minmax GRANULARITY 1
)
ENGINE = ${merge_tree}
PARTITION BY (retention_days, toDate(timestamp))
PRIMARY KEY (project_id, environment, service_id, timestamp)
ORDER BY (project_id, environment, service_id, timestamp, id)
TTL toStartOfDay(timestamp) + toIntervalDay(retention_days + 1)
SETTINGS ttl_only_drop_parts = 1, ${deduplication_window} = 10000;

-- What could not be attributed or parsed, as it came. A replayed letter is written again with a higher revision.
CREATE TABLE IF NOT EXISTS starmeter.dead_letters${local} ${on_cluster}
(
    received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    id UInt64 CODEC(ZSTD(1)),
    reason LowCardinality(String) CODEC(ZSTD(1)),
    detail String CODEC(ZSTD(1)),
    region LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    protocol LowCardinality(String) CODEC(ZSTD(1)),
    payload String CODEC(ZSTD(3)),
    replayed_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    revision UInt32 CODEC(ZSTD(1))
)
ENGINE = ${replacing_merge_tree}(revision)
PARTITION BY toDate(received_at)
ORDER BY (received_at, id)
TTL toStartOfDay(received_at) + toIntervalDay(31)
SETTINGS ttl_only_drop_parts = 1, ${deduplication_window} = 10000;

-- Records and bytes by minute: a histogram without a text filter reads this instead of the records.
CREATE TABLE IF NOT EXISTS starmeter.logs_volume_1m${local} ${on_cluster}
(
    project_id UUID CODEC(ZSTD(1)),
    environment LowCardinality(String) CODEC(ZSTD(1)),
    service_id UUID CODEC(ZSTD(1)),
    retention_days UInt16 CODEC(ZSTD(1)),
    minute DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    source Enum8('app' = 1, 'build' = 2, 'http' = 3, 'platform' = 4) CODEC(ZSTD(1)),
    severity UInt8 CODEC(ZSTD(1)),
    records UInt64 CODEC(ZSTD(1)),
    bytes UInt64 CODEC(ZSTD(1))
)
ENGINE = ${summing_merge_tree}((records, bytes))
PARTITION BY (retention_days, toDate(minute))
PRIMARY KEY (project_id, environment, service_id, minute)
ORDER BY (project_id, environment, service_id, minute, source, severity, retention_days)
TTL toStartOfDay(minute) + toIntervalDay(retention_days + 1)
SETTINGS ttl_only_drop_parts = 1, ${deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS starmeter.logs_volume_1m_fill ${on_cluster} TO starmeter.logs_volume_1m${local} AS
SELECT
    one.project_id AS project_id,
    one.environment AS environment,
    one.service_id AS service_id,
    one.retention_days AS retention_days,
    toStartOfMinute(one.timestamp) AS minute,
    one.source AS source,
    one.severity AS severity,
    count() AS records,
    sum(length(one.body)) AS bytes
FROM starmeter.logs${local} AS one
GROUP BY project_id, environment, service_id, retention_days, minute, source, severity;

-- only: distributed
CREATE TABLE IF NOT EXISTS starmeter.logs ${on_cluster} AS starmeter.logs_local
ENGINE = Distributed('{cluster}', starmeter, logs_local, cityHash64(project_id, environment, service_id));

-- only: distributed
CREATE TABLE IF NOT EXISTS starmeter.dead_letters ${on_cluster} AS starmeter.dead_letters_local
ENGINE = Distributed('{cluster}', starmeter, dead_letters_local, id);

-- only: distributed
CREATE TABLE IF NOT EXISTS starmeter.logs_volume_1m ${on_cluster} AS starmeter.logs_volume_1m_local
ENGINE = Distributed('{cluster}', starmeter, logs_volume_1m_local, cityHash64(project_id, environment, service_id));
