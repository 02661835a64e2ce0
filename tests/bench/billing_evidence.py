"""Evidence and ledger rows for the bench, made inside the engine: pods that run, are resized, begin and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from billing.hour import DAY, HOUR, month

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

MARCH: Final = month(2026, 3)
REGION: Final = "fra"

# One pod in twenty is resized within the hour, one in fifty unseen for its last third, a sight in a hundred is missing.
_PODS: Final = """
INSERT INTO billing.pod_observations (region, cluster, uid, observed_at, received_at, source, phase, cpu_m, memory_b,
    quality, namespace, pod, node, started_at)
SELECT {region:String}, {cluster:String},
    concat('00000000-0000-4000-8000-', leftPad(toString(p.number), 12, '0')) AS uid,
    toDateTime({hour:Int64} + s.number * {step:Int64} + p.number % {step:Int64}, 'UTC') AS at,
    toDateTime({hour:Int64} + 4200, 'UTC'), 'series', 'running',
    100 + (p.number % 10) * 50 + if(p.number % 20 = 7 AND s.number * {step:Int64} > 1800, 25, 0), 1073741824, 'exact',
    'shop', concat('web-', toString(p.number)), concat('node-', toString(p.number % 500)),
    toDateTime({born:Int64}, 'UTC')
FROM numbers({pods:UInt64}) AS p CROSS JOIN numbers({samples:UInt64}) AS s
WHERE cityHash64(p.number, s.number, {hour:Int64}) % 100 > 0
    AND NOT (p.number % 50 = 3 AND s.number * {step:Int64} > 2400)
"""
_OWNERS: Final = """
INSERT INTO billing.pod_registrations (region, cluster, uid, received_at, project_id, environment, service_id, source)
SELECT {region:String}, {cluster:String}, concat('00000000-0000-4000-8000-', leftPad(toString(number), 12, '0')),
    toDateTime64({hour:Int64}, 3, 'UTC'), {project:UUID}, 'production',
    toUUID(concat('00000000-0000-4000-9000-', leftPad(toString(number % 200), 12, '0'))), 'agent'
FROM numbers({pods:UInt64})
"""
# A pod for each service, in each hour of March, by one run for each hour.
_USAGE: Final = """
INSERT INTO billing.usage (workspace_id, project_id, environment, service_id, region, cluster, hour, meter, source_id,
    quantity, node, running_s, interpolated_s, unbracketed_s, segments, quality, run_id)
SELECT concat({prefix:String}, toString(s.number % {workspaces:UInt64})),
    concat('project-', toString(s.number % {workspaces:UInt64})),
    'production', concat('service-', toString(s.number)), {region:String}, {cluster:String},
    toDateTime({start:Int64} + h.number * 3600, 'UTC') AS hour,
    if(m.number = 0, 'cpu_mcore_s', 'mem_byte_s'), concat('pod-', toString(s.number)),
    if(m.number = 0, 360000 + s.number % 97, 1932735283200 + s.number % 89), 'node-1', 3600, 0, 0, 1, 'exact',
    toUUID(concat({run:String}, leftPad(toString(h.number), 12, '0')))
FROM numbers({services:UInt64}) AS s CROSS JOIN numbers(2) AS m CROSS JOIN numbers({first:UInt64}, {hours:UInt64}) AS h
"""
_PUBLISHED: Final = """
INSERT INTO billing.publications (sequence, region, cluster, hour, kind, run_id, published_at, heard, expected, rows)
SELECT {sequence:UInt64} + number, {region:String}, {cluster:String},
    toDateTime({start:Int64} + number * 3600, 'UTC'), 'published',
    toUUID(concat({run:String}, leftPad(toString(number), 12, '0'))), toDateTime({start:Int64}, 'UTC'), 120, 120, 1
FROM numbers({hours:UInt64})
"""


def pods(client: Client, cluster: str, count: int, step: int) -> str:
    """Three hours of pods' sights, the middle one March's first; returns the project whose they are."""
    project = str(uuid4())
    bound: dict[str, str | int] = {
        "region": REGION,
        "cluster": cluster,
        "pods": count,
        "step": step,
        "samples": HOUR // step,
    }
    bound["born"] = MARCH.start - 10 * DAY
    for hour in (MARCH.start - HOUR, MARCH.start, MARCH.start + HOUR):
        client.command(_PODS, parameters=bound | {"hour": hour})
    client.command(_OWNERS, parameters=bound | {"hour": MARCH.start - HOUR, "project": project})
    return project


def usage(client: Client, prefix: str, services: int, workspaces: int, sequence: int) -> None:
    """A month of rows of so many services in workspaces named `<prefix>0` and so on, and their publication."""
    run = f"{uuid4()}"[:24]
    bound = {"region": REGION, "cluster": f"cluster-{prefix}", "prefix": prefix, "services": services, "run": run}
    bound |= {"workspaces": workspaces, "start": MARCH.start, "sequence": sequence}
    for first in range(0, MARCH.hours, 124):
        client.command(_USAGE, parameters=bound | {"first": first, "hours": 124})
    client.command(_PUBLISHED, parameters=bound | {"hours": MARCH.hours})
