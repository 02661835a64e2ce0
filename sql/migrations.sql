-- Which migrations a store has, for good: rows are only ever added.
CREATE DATABASE IF NOT EXISTS starmeter ${on_cluster};

CREATE TABLE IF NOT EXISTS starmeter.migrations ${on_cluster}
(
    family LowCardinality(String),
    name String,
    checksum FixedString(64),
    topology LowCardinality(String),
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ${replacing_merge_tree}
ORDER BY (family, name);
