        -- A piece: the sights of a cluster's pods in a stretch of time, as it was known at a time; an empty `uids` means every
        -- pod. -1 stands for a time that is not known. `is_sound` is what `billing.quarantine` asks of one sight by itself.
        -- Two sights with one `told` say the same, but that amounts are to be compared themselves: nobody may make two of
        -- them that look alike.
        SELECT
            uid,
            source,
            toInt64(toUnixTimestamp(o.observed_at)) AS at,
            toInt64(toUnixTimestamp(o.received_at)) AS received,
            toInt64(CAST(o.phase, 'Int8')) AS phase_number,
            o.cpu_m AS cpu,
            o.memory_b AS memory,
            toInt64(CAST(o.quality, 'Int8')) AS quality_number,
            o.node AS node_name,
            ifNull(toInt64(toUnixTimestamp(o.started_at)), -1) AS started,
            ifNull(toInt64(toUnixTimestamp(o.finished_at)), -1) AS finished,
            ifNull(toInt64(toUnixTimestamp(o.deletion_at)), -1) AS deletion,
            at >= {earliest:Int64} AND at <= received + {skew:Int64} AND started <= at + {skew:Int64}
                AND (phase_number < 3 OR finished = -1 OR (finished <= at + {skew:Int64} AND finished >= started))
                AND cpu <= {most_cpu:Int64} AND memory <= {most_memory:Int64} AS is_sound,
            cityHash64(phase_number, cpu, memory, quality_number, node_name, started, finished, deletion, is_sound) AS told
        FROM billing.pod_observations AS o
        WHERE o.region = {region:String} AND o.cluster = {cluster:String} AND o.received_at < toDateTime({as_of:Int64}, 'UTC')
            AND o.observed_at >= toDateTime({first:Int64}, 'UTC') AND o.observed_at < toDateTime({until:Int64}, 'UTC')
            AND (empty({uids:Array(String)}) OR uid IN ({uids:Array(String)}))
