    -- A piece: whether all sources together tell one thing of a pod, and what the better of them told.
    toBool(
        min(are_sound) AND min(is_constant) AND argMax(is_unbroken, source)
        AND intDiv(min(b.first_at), 300) >= intDiv(argMax(b.first_at, source), 300)
        AND intDiv(max(b.last_at), 300) <= intDiv(argMax(b.last_at, source), 300)
    ) AS is_steady,
    argMax(b.first_at, source) AS first_at,
    argMax(b.last_at, source) AS last_at,
    argMax(b.phase, source) AS phase,
    argMax(b.cpu_m, source) AS cpu_m,
    argMax(b.memory_b, source) AS memory_b,
    toString(argMax(b.node, source)) AS node,
    nullIf(argMax(b.started_at, source), -1) AS started_at,
    nullIf(argMax(b.finished_at, source), -1) AS finished_at,
    nullIf(argMax(b.deletion_at, source), -1) AS deletion_at,
    argMax(b.received_at, source) AS received_at,
    argMax(b.quality, source) AS quality
