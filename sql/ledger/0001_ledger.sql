-- The evidence of what ran, the ledger of what was used, and which run's rows are published for each cluster and hour.
CREATE DATABASE IF NOT EXISTS billing ${on_cluster};

-- One sight of one pod, from its cluster's agent or from the region's metrics store. Never changed, never expired with
-- metrics or logs: what a bill was made of can be read again as it was known at any time (`received_at`).
-- `series` has no order of init containers, so that its request may be a lower bound (`quality`).
CREATE TABLE IF NOT EXISTS billing.pod_observations${local} ${on_cluster}
(
    region LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    uid String CODEC(ZSTD(1)),
    observed_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    received_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    source Enum8('series' = 1, 'agent' = 2) CODEC(ZSTD(1)),
    phase Enum8('pending' = 0, 'running' = 1, 'unknown' = 2, 'succeeded' = 3, 'failed' = 4, 'gone' = 5) CODEC(ZSTD(1)),
    cpu_m Int64 CODEC(T64, ZSTD(1)),
    memory_b Int64 CODEC(T64, ZSTD(1)),
    quality Enum8('exact' = 0, 'lower_bound' = 1, 'interpolated' = 2, 'floor' = 3) CODEC(ZSTD(1)),
    namespace LowCardinality(String) CODEC(ZSTD(1)),
    pod String CODEC(ZSTD(1)),
    node LowCardinality(String) CODEC(ZSTD(1)),
    started_at Nullable(DateTime('UTC')) CODEC(ZSTD(1)),
    finished_at Nullable(DateTime('UTC')) CODEC(ZSTD(1)),
    deletion_at Nullable(DateTime('UTC')) CODEC(ZSTD(1)),
    CONSTRAINT amounts CHECK cpu_m >= 0 AND memory_b >= 0,
    -- From when to when each pod was seen, so that its nearest sight before and after an hour is looked for only where
    -- there is one.
    PROJECTION lives
    (
        SELECT region, cluster, uid, min(observed_at), max(observed_at), min(started_at), minIf(observed_at, phase >= 'succeeded')
        GROUP BY region, cluster, uid
    )
)
ENGINE = ${merge_tree}
PARTITION BY toYYYYMM(observed_at)
PRIMARY KEY (region, cluster, toStartOfHour(observed_at), uid)
ORDER BY (region, cluster, toStartOfHour(observed_at), uid, observed_at, source)
SETTINGS ${deduplication_window} = 10000;

-- Whose a pod is, said once: of several registrations the first received holds, whatever its labels say later.
CREATE TABLE IF NOT EXISTS billing.pod_registrations${local} ${on_cluster}
(
    region LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    uid String CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    project_id UUID CODEC(ZSTD(1)),
    environment LowCardinality(String) CODEC(ZSTD(1)),
    service_id UUID CODEC(ZSTD(1)),
    source Enum8('series' = 1, 'agent' = 2) CODEC(ZSTD(1))
)
ENGINE = ${merge_tree}
ORDER BY (region, cluster, uid, received_at)
SETTINGS ${deduplication_window} = 10000;

-- The pod as its agent told it, once per change of what its request follows from: what a dispute is settled with.
CREATE TABLE IF NOT EXISTS billing.pod_documents${local} ${on_cluster}
(
    region LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    uid String CODEC(ZSTD(1)),
    sha256 FixedString(64) CODEC(ZSTD(1)),
    observed_at DateTime('UTC') CODEC(ZSTD(1)),
    received_at DateTime('UTC') CODEC(ZSTD(1)),
    document String CODEC(ZSTD(3))
)
ENGINE = ${replacing_merge_tree}
ORDER BY (region, cluster, uid, sha256)
SETTINGS ${deduplication_window} = 10000;

-- When a cluster's collector was heard, so that silence differs from "nothing ran".
CREATE TABLE IF NOT EXISTS billing.heartbeats${local} ${on_cluster}
(
    region LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    source Enum8('series' = 1, 'agent' = 2) CODEC(ZSTD(1)),
    observed_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    received_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ${merge_tree}
PARTITION BY toYYYYMM(observed_at)
ORDER BY (region, cluster, source, observed_at)
SETTINGS ${deduplication_window} = 10000;

-- What a node can give to pods: their requests can never exceed it.
CREATE TABLE IF NOT EXISTS billing.nodes${local} ${on_cluster}
(
    region LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    node LowCardinality(String) CODEC(ZSTD(1)),
    observed_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    received_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    cpu_m Int64 CODEC(ZSTD(1)),
    memory_b Int64 CODEC(ZSTD(1))
)
ENGINE = ${merge_tree}
PARTITION BY toYYYYMM(observed_at)
ORDER BY (region, cluster, node, observed_at)
SETTINGS ${deduplication_window} = 10000;

-- Every report about a build, as it was signed; sorting out duplicates and contradictions is metering's work.
CREATE TABLE IF NOT EXISTS billing.build_events${local} ${on_cluster}
(
    region LowCardinality(String) CODEC(ZSTD(1)),
    build_id String CODEC(ZSTD(1)),
    delivery_id String CODEC(ZSTD(1)),
    project_id UUID CODEC(ZSTD(1)),
    environment LowCardinality(String) CODEC(ZSTD(1)),
    service_id UUID CODEC(ZSTD(1)),
    state Enum8('queued' = 1, 'running' = 2, 'succeeded' = 3, 'failed' = 4, 'cancelled' = 5) CODEC(ZSTD(1)),
    started_at Nullable(DateTime('UTC')) CODEC(ZSTD(1)),
    finished_at Nullable(DateTime('UTC')) CODEC(ZSTD(1)),
    received_at DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ${merge_tree}
PARTITION BY toYYYYMM(received_at)
ORDER BY (region, received_at, build_id, delivery_id)
SETTINGS ${deduplication_window} = 10000;

-- Evidence that was told and cannot be metered: what is wrong with it, in which part, and the part as it came. What a
-- pod or a build is refused for is not billed until it is told rightly; the same thing told again is one row.
CREATE TABLE IF NOT EXISTS billing.refused_evidence${local} ${on_cluster}
(
    region LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    kind Enum8('report' = 1, 'pod' = 2, 'node' = 3, 'build' = 4) CODEC(ZSTD(1)),
    subject String CODEC(ZSTD(1)),
    sha256 FixedString(64) CODEC(ZSTD(1)),
    received_at DateTime('UTC') CODEC(ZSTD(1)),
    reason String CODEC(ZSTD(1)),
    document String CODEC(ZSTD(3))
)
ENGINE = ${replacing_merge_tree}
ORDER BY (region, cluster, kind, subject, sha256)
SETTINGS ${deduplication_window} = 10000;

-- The ledger: whole amounts per workspace, hour, service, meter and pod or build. Rows are only ever added, each by one
-- run; which run counts is said by `publications`, so that a run made anew leaves no ghost of the old one.
CREATE TABLE IF NOT EXISTS billing.usage${local} ${on_cluster}
(
    workspace_id LowCardinality(String) CODEC(ZSTD(1)),
    project_id LowCardinality(String) CODEC(ZSTD(1)),
    environment LowCardinality(String) CODEC(ZSTD(1)),
    service_id LowCardinality(String) CODEC(ZSTD(1)),
    region LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    meter Enum8('cpu_mcore_s' = 1, 'mem_byte_s' = 2, 'build_s' = 3, 'disk_byte_s' = 4, 'egress_byte' = 5, 'cache_byte_s' = 6) CODEC(ZSTD(1)),
    source_id String CODEC(ZSTD(1)),
    quantity Int64 CODEC(T64, ZSTD(1)),
    node LowCardinality(String) CODEC(ZSTD(1)),
    running_s UInt16 CODEC(T64, ZSTD(1)),
    interpolated_s UInt16 CODEC(T64, ZSTD(1)),
    unbracketed_s UInt16 CODEC(T64, ZSTD(1)),
    segments UInt16 CODEC(T64, ZSTD(1)),
    quality Enum8('exact' = 0, 'lower_bound' = 1, 'interpolated' = 2, 'floor' = 3) CODEC(ZSTD(1)),
    run_id UUID CODEC(ZSTD(1)),
    CONSTRAINT whole_hour CHECK toStartOfHour(hour) = hour,
    CONSTRAINT seconds CHECK running_s <= 3600 AND interpolated_s <= running_s,
    CONSTRAINT payer CHECK workspace_id != '',
    CONSTRAINT amount CHECK quantity >= 0
)
ENGINE = ${merge_tree}
PARTITION BY toYYYYMM(hour)
ORDER BY (workspace_id, hour, project_id, environment, service_id, meter, region, cluster, source_id, run_id)
SETTINGS ${deduplication_window} = 10000;

-- Which run's rows are published for a region, cluster and hour, copied from the control store, where the order
-- (`sequence`) is made. As of any number N the run that counts is the one with the largest sequence up to N. Builds
-- have the empty cluster. `estimate` holds only where nothing else is published.
CREATE TABLE IF NOT EXISTS billing.publications${local} ${on_cluster}
(
    sequence UInt64 CODEC(ZSTD(1)),
    region LowCardinality(String) CODEC(ZSTD(1)),
    cluster LowCardinality(String) CODEC(ZSTD(1)),
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    kind Enum8('published' = 1, 'estimate' = 2) CODEC(ZSTD(1)),
    run_id UUID CODEC(ZSTD(1)),
    published_at DateTime('UTC') CODEC(ZSTD(1)),
    heard UInt16 CODEC(ZSTD(1)),
    expected UInt16 CODEC(ZSTD(1)),
    rows UInt64 CODEC(ZSTD(1))
)
ENGINE = ${replacing_merge_tree}
PARTITION BY toYYYYMM(hour)
ORDER BY (region, cluster, hour, kind, sequence)
SETTINGS ${deduplication_window} = 10000;
